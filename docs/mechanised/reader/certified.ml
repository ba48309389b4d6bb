(* Checks certificates of kmapcheck from end to end: `certified LISTING CERTIFICATE [...]`

   A listing is what `kmapcheck explain` prints of the scenario. Exit status: 0 if all hold, 1 if one
   does not, 2 if a file cannot be read, 3 if one is outside the part that is covered; the highest of
   all files.

   For tests, each file is changed before it is checked, and none may be accepted then. With
   --changed, in one place after the other, wherever the check looks at the local states; with
   --forged, so that it claims that there is no deadlock. *)

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

let all_changed certificate =
  let rest, locals = match certificate with
    | Json.Object l -> (List.filter (fun (n, _) -> n <> "locals") l, Json.get "locals" certificate)
    | _ -> raise (Json.Malformed "an object expected") in
  let tables = match locals with
    | Json.Object l -> List.filter_map only_read l
    | _ -> raise (Json.Malformed "an object expected") in
  let one (name, v) = List.map (fun v -> (name, v)) (changed v) in
  List.map (fun tables -> Json.Object (("locals", Json.Object tables) :: rest)) (each one tables)

(* What somebody could write who wants to claim it all the same: everything that is waited for, in the
   order in which the file names it, and the other way round; and that there are no circles. *)
let forged certificate =
  let waits = List.map (Json.get "waits_for") (Json.list (Json.get "waiting" certificate)) in
  let waits = List.sort_uniq compare waits in
  let claim kind by = Json.Object [ ("kinds", Json.List [ Json.String kind ]); ("by", Json.String by) ] in
  let claims by = Json.List [ claim "deadlock" by; claim "starved" "no-loops" ] in
  let rest = match certificate with
    | Json.Object l -> List.filter (fun (n, _) -> n <> "excluded" && n <> "order" && n <> "sets") l
    | _ -> raise (Json.Malformed "an object expected") in
  let with_order order = Json.Object (("excluded", claims "order") :: ("order", Json.List order) :: rest) in
  [ with_order waits; with_order (List.rev waits); Json.Object (("excluded", claims "equations") :: rest) ]

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
  | [ _ ] -> prerr_endline "usage: certified [--changed | --forged] LISTING CERTIFICATE [...]"; 2
  | listing :: certificate :: rest ->
    let found = match check listing certificate with
      | code -> code
      | exception Certificate.Wrong what -> says certificate 1 what
      | exception Json.Malformed what -> says certificate 2 ("this is no certificate: " ^ what)
      | exception Sys_error what -> says certificate 2 what
      | exception Listing.Refused what -> says certificate 3 ("not covered: " ^ what) in
    run check (max code found) rest

let () = match List.tl (Array.to_list Sys.argv) with
  | "--changed" :: files -> exit (run (check_others all_changed) 0 files)
  | "--forged" :: files -> exit (run (check_others forged) 0 files)
  | files -> exit (run check 0 files)
