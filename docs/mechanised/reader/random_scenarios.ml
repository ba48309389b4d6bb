(* Writes random scenarios: `random_scenarios FOLDER FROM TO`, one file for each number.

   They have all that Scenario.v has, and little else: to compare explore with the machine. *)

let scenario seed =
  let rng = Random.State.make [| seed |] in
  let below n = Random.State.int rng n in
  let sometimes percent = below 100 < percent in
  let pick l = List.nth l (below (List.length l)) in
  let list l = "[" ^ String.concat ", " l ^ "]" in
  let obj l = "{" ^ String.concat ", " (List.map (fun (n, v) -> Printf.sprintf "%S: %s" n v) l) ^ "}" in
  let str s = "\"" ^ s ^ "\"" in
  let some l = List.concat_map (fun (percent, v) -> if sometimes percent then v else []) l in
  let series = List.map (fun s ->
      let reuse = pick [ "any"; "own"; "none" ] in
      (s, reuse, obj ([ ("slots", string_of_int (pick [ 1; 1; 2; 2; 3 ])); ("reuse", str reuse) ]
                      @ some [ (25, [ ("for_holders", pick [ "1"; "1"; "2" ]) ]) ])))
      (pick [ [ "S" ]; [ "S"; "T" ] ]) in
  let units = 1 + below 3 in
  let locks = some [
      (50, [ ("sp", str "spin") ]); (50, [ ("rw", str "rwsem") ]);
      (60, [ ("sem", obj [ ("semaphore", string_of_int units) ]) ]);
      (30, [ ("un", obj [ ("semaphore", pick [ "1"; "2" ]); ("owned", "false") ]) ]) ] in
  let completions = some [ (30, [ "c" ]) ] in
  let shared = some [ (60, [ "x" ]) ] in
  let task number =
    let own = some [ (20, [ ("osp", str "spin") ]); (20, [ ("orw", str "rwsem") ]) ] in
    let has name = List.mem_assoc name locks || List.mem_assoc name own in
    let pages = pick [ [ "a" ]; [ "a"; "b" ]; [ "a"; "l" ] ] in
    let page () = pick (pages @ shared) and a_series () = let s, _, _ = pick series in s in
    let on what name more = obj ((what, str name) :: more) in
    let n () = [ ("n", string_of_int (1 + below units)) ] in
    let if_has name l = if has name then l else [] in
    let if_completed l = if completions = [] then [] else l in
    (* What can wait asleep; the others; and those that have branches. *)
    let waits () = pick ([
        on "kmap" (page ()) [ ("series", str (a_series ())) ]; on "kmap" (page ()) [ ("series", str (a_series ())) ];
        on "lock_page" (page ()) [] ]
        @ if_has "rw" [ on "down_read" "rw" []; on "down_write" "rw" [] ]
        @ if_has "sem" [ on "down" "sem" (n ()) ] @ if_has "un" [ on "down" "un" [] ]
        @ if_completed [ on "wait_for_completion" "c" [] ]) in
    let plain () = pick ([
        waits (); waits (); waits (); on "kunmap" (page ()) []; on "kunmap" (page ()) []; on "kunmap_any" (page ()) [];
        on "kmap_atomic" (page ()) [ ("type", str (pick [ "K0"; "K1" ])) ]; on "kunmap_atomic" (page ()) [];
        on "kmap_local" (page ()) []; on "kunmap_local" (page ()) []; on "unlock_page" (page ()) [];
        obj [ ("might_sleep", "true") ] ]
        @ if_has "sp" [ on "spin_lock" "sp" []; on "spin_unlock" "sp" [] ]
        @ if_has "osp" [ on "spin_lock" "osp" []; on "spin_unlock" "osp" [] ]
        @ if_has "orw" [ on "down_read" "orw" []; on "up_read" "orw" []; on "down_write" "orw" []; on "up_write" "orw" [] ]
        @ if_has "rw" [ on "up_read" "rw" []; on "up_write" "rw" [] ]
        @ if_has "sem" [ on "up" "sem" (n ()) ] @ if_has "un" [ on "up" "un" [] ]
        @ if_completed [ on "complete" "c" [] ]) in
    let rec operation depth =
      if depth = 0 || sometimes 30 then plain ()
      else
        let block n = list (List.init n (fun _ -> operation (depth - 1))) in
        let branches () = some [ (60, [ ("then", block (below 3)) ]); (60, [ ("else", block (below 3)) ]) ] in
        match below 100 with
        | k when k < 30 ->
          pick ([
              on "try_kmap" (page ()) (("series", str (a_series ())) :: branches ());
              on "try_kmap" (page ()) (("series", str (a_series ())) :: ("flush", "true") :: branches ());
              on "trylock_page" (page ()) (branches ()) ]
              @ if_has "sp" [ on "spin_trylock" "sp" (branches ()) ]
              @ if_has "rw" [ on "down_read_trylock" "rw" (branches ()); on "down_write_trylock" "rw" (branches ()) ]
              @ if_has "sem" [ on "down_trylock" "sem" (n () @ branches ()) ]
              @ if_has "un" [ on "down_trylock" "un" (branches ()) ]
              @ if_completed [ on "try_wait_for_completion" "c" (branches ()) ])
        | k when k < 40 -> obj [ ("choose", list [ block (1 + below 2); block (1 + below 2) ]) ]
        | k when k < 52 ->
          let branch () = list (waits () :: List.init (below 2) (fun _ -> operation (depth - 1))) in
          obj (("select", list [ branch (); branch () ])
               :: pick [ []; []; [ ("idle", "true") ]; ("gives_up", "true") :: branches () ])
        | k when k < 58 -> obj [ ("loop", block (1 + below 3)) ]
        | k when k < 64 -> obj [ ("repeat", "2"); ("do", block (1 + below 2)) ]
        | k when k < 74 ->
          let w = waits () in
          String.sub w 0 (String.length w - 1) ^ ", \"gives_up\": true"
          ^ String.concat "" (List.map (fun (n, v) -> Printf.sprintf ", %S: %s" n v) (branches ())) ^ "}"
        | k when k < 77 -> obj [ ("exit", "true") ]
        | _ -> plain () in
    let declared = List.map (fun p ->
        if p = "l" then obj [ ("name", str "l"); ("highmem", "false") ] else str p) pages in
    obj ([ ("name", str (Printf.sprintf "t%d" number)); ("count", pick [ "1"; "1"; "2" ]); ("pages", list declared) ]
         @ (if own = [] then [] else [ ("locks", obj own) ])
         @ [ ("program", list (List.init (2 + below 4) (fun _ -> operation 2))) ]) in
  let keeping = List.filter_map (fun (s, reuse, _) -> if reuse = "none" then None else Some (str s)) series in
  let declared p =
    if keeping <> [] && sometimes 30 then obj [ ("name", str p); ("stale_in", list [ pick keeping ]) ] else str p in
  obj ([ ("name", str (Printf.sprintf "random-%d" seed)); ("series", obj (List.map (fun (s, _, v) -> (s, v)) series));
         ("locks", obj locks); ("completions", list (List.map str completions));
         ("pages", list (List.map declared shared)); ("tasks", list (List.init (1 + below 2) task)) ])

let () = match Array.to_list Sys.argv with
  | [ _; folder; first; last ] ->
    for seed = int_of_string first to int_of_string last do
      let channel = open_out (Printf.sprintf "%s/random-%06d.json" folder seed) in
      output_string channel (scenario seed ^ "\n");
      close_out channel
    done
  | _ -> prerr_endline "usage: random_scenarios FOLDER FROM TO"; exit 2
