(* Checks every refutation in certificates of kmapcheck: `refutes CERTIFICATE...`

   The check is Refutes.refutes_constraints, extracted from Refutation.v, where it is proved that what
   it accepts has no solution. This program only reads: what is here is trusted. It does not check
   that the inequalities follow from the scenario; `kmapcheck verify` does.

   Exit status: 0 if all hold, 1 if one does not, 2 if a file is no certificate. *)

open Refutes

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

(* Whatever has inequalities and a refutation, in the order of the file. *)
let systems certificate =
  let all name json = match Json.find name json with None -> [] | Some l -> Json.list l in
  let counted =
    match Json.find "flow" certificate with
    | None | Some Json.Null -> []
    | Some flow -> all "gives" flow @ all "sets" flow
  in
  all "sets" certificate @ counted

let holds json =
  let inequalities = List.map inequality (Json.list (Json.get "inequalities" json)) in
  let nodes = List.map node (Json.list (Json.get "refutation" json)) in
  refutes_constraints inequalities nodes

let read file =
  let channel = open_in_bin file in
  let text = really_input_string channel (in_channel_length channel) in
  close_in channel;
  text

let check file =
  let certificate = Json.parse (read file) in
  (match Json.get "format" certificate with
   | Json.String "kmapcheck-certificate-3" -> ()
   | _ -> raise (Json.Malformed "the format is not kmapcheck-certificate-3"));
  let results = List.mapi (fun i json -> (i + 1, holds json)) (systems certificate) in
  match List.filter (fun (_, ok) -> not ok) results with
  | [] -> Printf.printf "%s: refutations that hold: %d\n" file (List.length results); true
  | wrong ->
    List.iter (fun (i, _) -> Printf.printf "%s: refutation %d does not hold\n" file i) wrong;
    false

let () =
  match List.tl (Array.to_list Sys.argv) with
  | [] -> prerr_endline "usage: refutes CERTIFICATE..."; exit 2
  | files ->
    (try
       let ok = List.map check files in
       exit (if List.for_all Fun.id ok then 0 else 1)
     with
     | Json.Malformed what -> prerr_endline ("this is no certificate: " ^ what); exit 2
     | Sys_error what -> prerr_endline what; exit 2)
