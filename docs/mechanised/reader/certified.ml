(* Checks certificates of kmapcheck from end to end: `certified LISTING CERTIFICATE [...]`

   A listing is what `kmapcheck explain` prints of the scenario. Exit status: 0 if all hold, 1 if one
   does not, 2 if a file cannot be read, 3 if one is outside the part that is covered; the highest of
   all files.

   For tests, each file is changed before it is checked, and none may be accepted then. With
   --changed, in one place after the other: wherever the check looks at the local states; each
   inequality so that it says more; what each set is of; and each refutation so that it is none. With
   --forged, so that it claims that there is no deadlock, with --forged-starved, so that it claims that
   nobody starves. *)

let read file =
  let channel = open_in_bin file in
  let text = really_input_string channel (in_channel_length channel) in
  close_in channel;
  text

(* All that differ in one place: a number one higher, a word another one, an entry left out. *)
let rec changed = function
  | Json.Number n -> [ Json.Number (string_of_int (int_of_string n + 1)) ]
  | Json.Bool b -> [ Json.Bool (not b) ]
  | Json.String s -> [ Json.String (s ^ "x") ]
  | Json.Null -> []
  | Json.List l ->
    List.map (fun l -> Json.List l) (without l @ each changed l)
  | Json.Object l ->
    let one (name, v) = List.map (fun v -> (name, v)) (changed v) in
    List.map (fun l -> Json.Object l) (without l @ each one l)
and each : 'a. ('a -> 'a list) -> 'a list -> 'a list list = fun change -> function
  | [] -> []
  | x :: l -> List.map (fun y -> y :: l) (change x) @ List.map (fun l -> x :: l) (each change l)
and without : 'a. 'a list -> 'a list list = function
  | [] -> []
  | x :: l -> l :: List.map (fun l -> x :: l) (without l)

(* What is looked at of the local states. *)
let only_read (name, v) = match name, v with
  | "states", Json.List l ->
    let of_state = function
      | Json.Object l -> Json.Object (List.filter (fun (n, _) -> List.mem n [ "task"; "at"; "has"; "holds" ]) l)
      | v -> v in
    Some (name, Json.List (List.map of_state l))
  | ("contents" | "holdings"), v -> Some (name, v)
  | _ -> None

let replace name v = function
  | Json.Object l -> Json.Object (List.map (fun (n, old) -> (n, if n = name then v else old)) l)
  | _ -> raise (Json.Malformed "an object expected")

let all_changed certificate =
  let tables = match Json.get "locals" certificate with
    | Json.Object l -> List.filter_map only_read l
    | _ -> raise (Json.Malformed "an object expected") in
  let one (name, v) = List.map (fun v -> (name, v)) (changed v) in
  List.map (fun tables -> replace "locals" (Json.Object tables) certificate) (each one tables)

(* An inequality that says more than it did: its bound, or one of its coefficients. *)
let stronger row =
  let at_least = Json.get "at_least" row = Json.Bool true in
  let more by = function
    | Json.Number n -> Json.Number (string_of_int (int_of_string n + by))
    | _ -> raise (Json.Malformed "a number expected") in
  let up = if at_least then 1 else -1 in
  let coefficient = function
    | Json.List [ i; c ] -> [ Json.List [ i; more (- up) c ] ]
    | _ -> raise (Json.Malformed "a pair expected") in
  replace "bound" (more up (Json.get "bound" row)) row
  :: List.map (fun terms -> replace "terms" (Json.List terms) row) (each coefficient (Json.list (Json.get "terms" row)))

(* In one place after the other, what the argument says: inequalities that say more, and each set of
   things with another thing. None of this may be accepted. *)
let all_stronger certificate =
  let of_set set =
    let with_rows rows = replace "inequalities" (Json.List rows) set in
    List.map with_rows (each stronger (Json.list (Json.get "inequalities" set)))
    @ List.map (fun v -> replace "awaited" v set) (changed (Json.get "awaited" set)) in
  match Json.find "sets" certificate with
  | None -> []
  | Some sets -> List.map (fun sets -> replace "sets" (Json.List sets) certificate) (each of_set (Json.list sets))

(* Whether one leaf refutes, added up here once more, in another way. *)
let adds_up set =
  let number v = int_of_string (Json.number v) in
  let pair v = match Json.list v with [ a; b ] -> (number a, number b) | _ -> raise (Json.Malformed "a pair expected") in
  let add total (i, n) =
    let row = List.nth (Json.list (Json.get "inequalities" set)) i in
    let n = if Json.get "at_least" row = Json.Bool true then n else - n in
    ("bound", n * number (Json.get "bound" row))
    :: List.map (fun t -> let x, c = pair t in (string_of_int x, n * c)) (Json.list (Json.get "terms" row)) @ total in
  match Json.list (Json.get "refutation" set) with
  | [ Json.Object [ ("leaf", leaf) ] ] ->
    let weights = List.map pair (Json.list (Json.get "weights" leaf)) in
    let total = List.fold_left add [] weights in
    let of_it name = List.fold_left (fun s (n, v) -> if n = name then s + v else s) 0 total in
    List.for_all (fun (name, _) -> name = "bound" || of_it name <= 0) total && of_it "bound" > 0
  | _ -> false

(* Changed in one place of a refutation, and no refutation any more. *)
let all_refuted_otherwise certificate =
  let of_set set =
    let others = List.map (fun v -> replace "refutation" v set) (changed (Json.get "refutation" set)) in
    List.filter (fun set -> match adds_up set with b -> not b | exception _ -> true) others in
  match Json.find "sets" certificate with
  | None -> []
  | Some sets -> List.map (fun sets -> replace "sets" (Json.List sets) certificate) (each of_set (Json.list sets))

let everywhere certificate =
  all_changed certificate @ all_stronger certificate @ all_refuted_otherwise certificate

(* What somebody could write who wants to claim it all the same: everything that is waited for, in the
   order in which the file names it, and the other way round; and that there are no circles. *)
let claim kind by = Json.Object [ ("kinds", Json.List [ Json.String kind ]); ("by", Json.String by) ]
let all_but names = function
  | Json.Object l -> List.filter (fun (n, _) -> not (List.mem n names)) l
  | _ -> raise (Json.Malformed "an object expected")

let deadlock_forged certificate =
  let waits = List.map (Json.get "waits_for") (Json.list (Json.get "waiting" certificate)) in
  let waits = List.sort_uniq compare waits in
  let claims by = Json.List [ claim "deadlock" by; claim "starved" "no-loops" ] in
  let rest = all_but [ "excluded"; "order"; "sets" ] certificate in
  let with_order order = Json.Object (("excluded", claims "order") :: ("order", Json.List order) :: rest) in
  [ with_order waits; with_order (List.rev waits); Json.Object (("excluded", claims "equations") :: rest) ]

(* Numbers for letting go and for coming to rest: how many of the steps that the file has lead to where
   nothing is held, or where it is waited, if others let the task choose; and the same number
   everywhere. *)
let starved_forged certificate =
  let tables = Json.get "locals" certificate in
  let number v = int_of_string (Json.number v) in
  let states = Array.of_list (Json.list (Json.get "states" tables)) in
  let holdings = Array.of_list (Json.list (Json.get "holdings" tables)) in
  let nothing s = holdings.(number (Json.get "holds" s)) = Json.Object [] in
  let rests s = Json.find "at" s = None || Json.find "waits" s <> None in
  let targets s = match Json.find "steps" s with
    | None -> []
    | Some l -> List.concat_map (List.map (fun step -> number (List.hd (Json.list step)))) (List.map Json.list (Json.list l)) in
  let far = Array.length states in
  let nearest there =
    let ranks = Array.map (fun s -> if there s then 0 else far) states in
    for _ = 1 to far do
      Array.iteri (fun i s -> List.iter (fun t -> ranks.(i) <- min ranks.(i) (ranks.(t) + 1)) (targets s)) states
    done;
    ranks in
  let with_ranks by ranks =
    let claims = claim "starved" by :: Json.list (Json.get "excluded" certificate) in
    Json.Object
      (("excluded", Json.List claims)
       :: ("ranks", Json.List (List.map (fun n -> Json.Number (string_of_int n)) (Array.to_list ranks)))
       :: all_but [ "excluded"; "ranks" ] certificate) in
  let none = Array.map (fun _ -> 0) states in
  [ with_ranks "drains" (nearest nothing); with_ranks "drains" none;
    with_ranks "rests" (nearest rests); with_ranks "rests" none ]

let accepted listing certificate = match Certificate.check listing certificate with
  | _ -> true
  | exception (Certificate.Wrong _ | Json.Malformed _ | Listing.Refused _) -> false

let says certificate code what = Printf.printf "%s: %s\n%!" certificate what; code

let check listing certificate = says certificate 0 (Certificate.check (Listing.parse (read listing)) (Json.parse (read certificate)))

let check_others make listing certificate =
  let parsed = Listing.parse (read listing) in
  let others = make (Json.parse (read certificate)) in
  let wrongly = List.length (List.filter (accepted parsed) others) in
  says certificate (if wrongly = 0 then 0 else 1)
    (Printf.sprintf "changed %d, of which accepted %d" (List.length others) wrongly)

let rec run check code = function
  | [] -> code
  | [ _ ] -> prerr_endline "usage: certified [--changed | --forged | --forged-starved] LISTING CERTIFICATE [...]"; 2
  | listing :: certificate :: rest ->
    let found = match check listing certificate with
      | code -> code
      | exception Certificate.Wrong what -> says certificate 1 what
      | exception Json.Malformed what -> says certificate 2 ("this is no certificate: " ^ what)
      | exception Sys_error what -> says certificate 2 what
      | exception Listing.Refused what -> says certificate 3 ("not covered: " ^ what) in
    run check (max code found) rest

let () = match List.tl (Array.to_list Sys.argv) with
  | "--changed" :: files -> exit (run (check_others everywhere) 0 files)
  | "--forged" :: files -> exit (run (check_others deadlock_forged) 0 files)
  | "--forged-starved" :: files -> exit (run (check_others starved_forged) 0 files)
  | files -> exit (run check 0 files)
