(* Reads inequalities and their refutations, as certificates have them, for the check that is extracted
   from Refutation.v. What is here is trusted. *)

open Semantics

let whole json =
  let text = Json.number json in
  match int_of_string_opt text with
  | Some n when n > -max_int / 2 && n < max_int / 2 -> n
  | _ -> raise (Json.Malformed (text ^ " is too large"))

let rec positive n =
  if n = 1 then XH else if n land 1 = 1 then XI (positive (n lsr 1)) else XO (positive (n lsr 1))

let integer n = if n = 0 then Z0 else if n > 0 then Zpos (positive n) else Zneg (positive (-n))

let not_negative n = if n < 0 then raise (Json.Malformed "a negative number where none can be") else n

(* Unknowns and inequalities have numbers; these are counted out one by one. *)
let natural n =
  if n > 1_000_000 then raise (Json.Malformed "there is no unknown or inequality of that number");
  let rec up m k = if k = 0 then m else up (S m) (k - 1) in
  up O (not_negative n)

let binary n = if not_negative n = 0 then N0 else Npos (positive n)

let pair first second json =
  match Json.list json with
  | [ a; b ] -> (first (whole a), second (whole b))
  | _ -> raise (Json.Malformed "a pair expected")

let inequality json =
  { terms = List.map (pair natural integer) (Json.list (Json.get "terms" json));
    is_at_least = Json.bool (Json.get "at_least" json);
    bounded_by = integer (whole (Json.get "bound" json)) }

let weights json = List.map (pair natural binary) (Json.list (Json.get "weights" json))

let node json =
  match Json.find "leaf" json, Json.find "cut" json, Json.find "branch" json with
  | Some leaf, None, None -> Leaf (weights leaf)
  | None, Some cut, None ->
    let divisor = whole (Json.get "divisor" cut) in
    if divisor < 1 then raise (Json.Malformed "a divisor below 1");
    Cut (weights cut, positive divisor)
  | None, None, Some branch ->
    Branch (natural (whole (Json.get "variable" branch)), integer (whole (Json.get "at" branch)))
  | _ -> raise (Json.Malformed "a leaf, a cut or a branch expected")
