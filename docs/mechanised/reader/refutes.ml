(* Checks every refutation in certificates of kmapcheck: `refutes CERTIFICATE...`

   The check is Semantics.refutes_constraints, extracted from Refutation.v, where it is proved that what
   it accepts has no solution. This program only reads: what is here is trusted. It does not check
   that the inequalities follow from the scenario; `kmapcheck verify` does.

   Exit status: 0 if all hold, 1 if one does not, 2 if a file is no certificate. *)

open Semantics

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
  let inequalities = List.map Refutation.inequality (Json.list (Json.get "inequalities" json)) in
  let nodes = List.map Refutation.node (Json.list (Json.get "refutation" json)) in
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
