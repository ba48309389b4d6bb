(* Goes through all states of scenarios with the step function of Scenario.v: `explore LISTING...`

   A listing is what `kmapcheck explain` prints. For each: the states, the transitions, how deep the
   last one lies, and whether tasks are left in a state in which nobody can move. This is for comparison
   with `kmapcheck check --engine reference`; two states count as one where they do there. *)

open Semantics

let int n = let rec up k = function O -> k | S n -> up (k + 1) n in up 0 n

(* What of a state is told apart. Of who has ended, only what others can notice. *)
let key (scenario : scenario) (st : state) =
  let series = List.mapi (fun s _ -> Listing.natural s) scenario.all_series in
  let gone = List.filter ended st.tasks in
  let task (x : local) = if ended x then { x with maps = []; held = []; locked = [] } else x in
  let common = function Shared _ -> true | Own _ -> false in
  let maps = List.concat_map (fun (x : local) -> x.maps) gone in
  let lost = List.filter (function Pin (p, _, _) | Low p -> common p | Atomic _ | Local _ -> false) maps in
  let lost = List.map (function Pin (p, _, lies) -> Pin (p, O, lies) | m -> m) lost in
  let held = List.concat_map (fun (x : local) -> List.filter (fun ((l, _), _) -> common l) x.held) gone in
  let locked = List.concat_map (fun (x : local) -> List.filter common x.locked) gone in
  let sums = List.fold_left (fun sums (l, n) ->
      let before = Option.value ~default:0 (List.assoc_opt l sums) in
      (l, before + int n) :: List.remove_assoc l sums) [] held in
  Marshal.to_string
    ( List.map task st.tasks, List.map (fun s -> (int (in_use scenario st s), int (stale st s))) series,
      List.sort compare st.left, List.sort compare lost, List.sort compare sums, List.sort compare locked,
      List.map int st.counts )
    [ Marshal.No_sharing ]

let exact what = function Some n -> n | None -> Listing.refuse ("any number of " ^ what)

let explore limit (listing : Listing.t) =
  let scenario = listing.scenario in
  let slots = Array.of_list (List.map (fun (s : series) -> s.slots) scenario.all_series) in
  let units = Array.of_list scenario.locks in
  Array.iter (fun s -> ignore (exact "slots" s)) slots;
  let sizes =
    { slots_in = (fun s -> let s = int s in if s < Array.length slots then exact "slots" slots.(s) else O);
      units_in = (fun l -> let l = int l in if l < Array.length units then Option.value ~default:O units.(l) else O) } in
  let programs = List.concat (List.mapi (fun i (t : Listing.task) ->
      List.init (exact "tasks" t.instances) (fun _ -> Listing.natural i)) listing.tasks) in
  if List.length programs > 50 then Listing.refuse "more than 50 tasks";
  let first = starts_with scenario programs in
  let seen = Hashtbl.create 1000 in
  let transitions = ref 0 and stuck = ref None and depth = ref 0 in
  let rec level d states =
    depth := d;
    let next = List.concat_map (fun st ->
        let after = successors scenario sizes st in
        transitions := !transitions + List.length after;
        if after = [] && !stuck = None && List.exists (fun x -> not (ended x)) st.tasks then stuck := Some d;
        List.filter (fun st ->
            let k = key scenario st in
            if Hashtbl.mem seen k then false
            else begin
              Hashtbl.add seen k ();
              if Hashtbl.length seen > limit then Listing.refuse "too many states";
              true
            end) after) states in
    if next <> [] then level (d + 1) next in
  Hashtbl.add seen (key scenario first) ();
  level 0 [ first ];
  (Hashtbl.length seen, !transitions, !depth, !stuck)

let read file =
  let channel = open_in_bin file in
  let text = really_input_string channel (in_channel_length channel) in
  close_in channel;
  text

let () =
  List.iter (fun file ->
      match explore 3_000 (Listing.parse (read file)) with
      | states, transitions, depth, stuck ->
        Printf.printf "%s: states %d, transitions %d, depth %d, %s\n" file states transitions depth
          (match stuck with None -> "all end" | Some d -> Printf.sprintf "stuck after %d" d)
      | exception Listing.Refused what -> Printf.printf "%s: refused: %s\n%!" file what)
    (List.tl (Array.to_list Sys.argv))
