(* Reads what `kmapcheck explain` prints: a scenario as it runs. What has no counterpart in
   Scenario.v is refused, by name. *)

open Semantics

exception Refused of string
let refuse what = raise (Refused what)

(* Numbers are counted out one by one. *)
let natural n =
  if n > 1_000_000 then refuse "a number above a million";
  let rec up m k = if k = 0 then m else up (S m) (k - 1) in
  up O n

type names = { series : string list; pages : string list; locks : string list; counters : string list;
               types : (string, int) Hashtbl.t }

type task = { title : string; instances : int option; own_pages : string list; own_locks : string list;
              (* The first word of each. *)
              own_kinds : string list }

type t = { scenario : scenario; names : names; tasks : task list }

let starts prefix s =
  let n = String.length prefix in
  String.length s >= n && String.sub s 0 n = prefix
let after prefix s = String.sub s (String.length prefix) (String.length s - String.length prefix)

(* Where [part] begins in [s]. *)
let find part s =
  let n = String.length part and m = String.length s in
  let rec go i = if i + n > m then None else if String.sub s i n = part then Some i else go (i + 1) in
  go 0
let contains part s = find part s <> None
let cut part s =
  match find part s with
  | Some i -> (String.sub s 0 i, String.sub s (i + String.length part) (String.length s - i - String.length part))
  | None -> refuse ("a line that is not understood: " ^ s)

(* "1,024 units": a comma before a digit stands for nothing. *)
let number s =
  let n = String.length s in
  let digit i = i < n && s.[i] >= '0' && s.[i] <= '9' in
  let rec go i value seen =
    if digit i then go (i + 1) ((value * 10) + Char.code s.[i] - 48) true
    else if i < n && s.[i] = ',' && digit (i + 1) then go (i + 1) value seen
    else if seen then value
    else refuse ("a number was expected: " ^ s)
  in
  go 0 0 false

let bound s = if starts "any number of " s || starts "as many " s then None else Some (number s)

let split_on part s =
  let rec go s = match find part s with
    | None -> [ s ]
    | Some _ -> let a, b = cut part s in a :: go b
  in
  go s

(* "a, b and c" *)
let enumerated s = List.concat_map (split_on " and ") (split_on ", " s)

let index what name l =
  let rec go i = function [] -> refuse (what ^ " " ^ name) | x :: l -> if x = name then i else go (i + 1) l in
  go 0 l

(* "a (low memory)", "a (still mapped in S and T)" *)
let page series s =
  match find " (" s with
  | None -> (s, { in_low_memory = false; mapped_at_start = [] })
  | Some i ->
    let name = String.sub s 0 i and what = String.sub s i (String.length s - i) in
    if contains "perhaps still mapped" what then refuse "pages that may be mapped at the start";
    let mapped =
      if contains "(still mapped in " what then
        let _, l = cut "(still mapped in " what in
        let l, _ = cut ")" l in
        List.map (fun s -> natural (index "a series" s series)) (enumerated l)
      else [] in
    (name, { in_low_memory = contains "(low memory)" what; mapped_at_start = mapped })

(* Pages are separated by commas, but not those in brackets. *)
let pages series s =
  let merge l part = match l with
    | before :: l when contains "(" before && not (contains ")" before) -> (before ^ ", " ^ part) :: l
    | l -> part :: l in
  List.map (page series) (List.rev (List.fold_left merge [] (split_on ", " s)))

type declared = Lock of string * lock | Counter of string * counter

let resource line =
  let kind, rest = cut " " line in
  let name, about = match find ", " rest with Some _ -> cut ", " rest | None -> (rest, "") in
  if contains "fair" about || contains "first come" about then refuse "fair locks";
  match kind with
  | "spinlock" | "rwsem" -> Lock (name, None)
  | "completion" -> Counter (name, { most = None; at_start = O })
  | "semaphore" | "mempool" ->
    let units = Option.map natural (bound about) in
    if contains "without owner" about then begin
      if units = None then refuse "any number of units without owner";
      let first = match find "without owner, " about with
        | Some _ -> natural (number (snd (cut "without owner, " about)))
        | None -> Option.get units in
      Counter (name, { most = units; at_start = first })
    end
    else Lock (name, units)
  | _ -> refuse line

let series_line line =
  let name, about = cut ": " (after "series " line) in
  let kept = match find "the last " about with Some _ -> number (snd (cut "the last " about)) | None -> 0 in
  (name,
   { slots = Option.map natural (bound about);
     reuse =
       (if contains "in any series" about then TakesAny
        else if contains "in the same series" about then TakesOwn
        else TakesNone);
     for_holders = natural kept })

(* Where control goes, and whether the operation gives up. *)
let targets i ways =
  let place s = match s with
    | "the end" | "the end (next round)" -> None
    | _ -> Some (natural (number s - 1)) in
  let places s = List.map place (enumerated s) in
  let ways, up = match find ", given up: to " ways with
    | Some _ -> let a, b = cut ", given up: to " ways in (a, [ place b ])
    | None -> (ways, []) in
  let on =
    if ways = "" then [ Some (natural (i + 1)) ]
    else if ways = "then ends" then [ None ]
    else if starts "then to " ways then [ place (after "then to " ways) ]
    else if starts "success: to " ways then
      let a, b = cut ", failure: to " (after "success: to " ways) in [ place a; place b ]
    else if starts "to one of " ways then places (after "to one of " ways)
    else places (fst (cut " can go on" (after "whichever of " ways))) in
  (on @ up, up <> [])

let is_ways s = List.exists (fun p -> starts p s)
    [ "then ends"; "then to "; "success: to "; "to one of "; "whichever of " ]

let operation names own_pages own_locks text =
  let called, arguments = match find "(" text with
    | Some _ ->
      let a, b = cut "(" text in
      let b = String.sub b 0 (String.length b - 1) in
      (a, if b = "" then [] else split_on ", " b)
    | None -> (text, []) in
  let position x l = List.find_map Fun.id (List.mapi (fun i y -> if x = y then Some i else None) l) in
  let name what own shared x = match position x own, position x shared with
    | Some i, _ -> Own (natural i)
    | None, Some i -> Shared (natural i)
    | None, None -> refuse (what ^ " " ^ x ^ " in " ^ text) in
  let page = name "a page" own_pages names.pages in
  let lock = name "a lock" own_locks names.locks in
  let series s = natural (index "a series" s names.series) in
  let counter c = Option.map natural (position c names.counters) in
  let type_ s = match Hashtbl.find_opt names.types s with
    | Some n -> natural n
    | None -> let n = Hashtbl.length names.types in Hashtbl.add names.types s n; natural n in
  let one = natural 1 in
  let units l n of_lock of_counter = match position l own_locks, counter l with
    | None, Some c -> of_counter c n
    | _ -> of_lock (lock l) n in
  let take l n = units l n (fun l n -> Acquire (l, Units, n)) (fun c n -> Await (c, n)) in
  let try_take l n = units l n (fun l n -> TryAcquire (l, Units, n)) (fun c n -> TryAwait (c, n)) in
  let give l n = units l n (fun l n -> Release (l, Units, n)) (fun c n -> Post (c, n)) in
  match called, arguments with
  | ("kmap" | "acquire"), [ p; s ] -> Kmap (page p, series s)
  | "try_kmap", [ p; s ] -> TryKmap (page p, series s, false)
  | "try_kmap", [ p; s; "flush" ] -> TryKmap (page p, series s, true)
  | ("kunmap" | "release"), [ p ] -> Kunmap (page p)
  | "kunmap_any", [ p ] -> KunmapAny (page p)
  | "kmap_atomic", [ p; t ] -> KmapAtomic (page p, type_ t)
  | "kunmap_atomic", [ p ] -> KunmapAtomic (page p)
  | "kmap_local", [ p ] -> KmapLocal (page p)
  | "kunmap_local", [ p ] -> KunmapLocal (page p)
  | "spin_lock", [ l ] -> Acquire (lock l, Spinning, one)
  | "spin_trylock", [ l ] -> TryAcquire (lock l, Spinning, one)
  | "spin_unlock", [ l ] -> Release (lock l, Spinning, one)
  | "down_read", [ l ] -> Acquire (lock l, Reading, one)
  | "down_read_trylock", [ l ] -> TryAcquire (lock l, Reading, one)
  | "up_read", [ l ] -> Release (lock l, Reading, one)
  | "down_write", [ l ] -> Acquire (lock l, Writing, one)
  | "down_write_trylock", [ l ] -> TryAcquire (lock l, Writing, one)
  | "up_write", [ l ] -> Release (lock l, Writing, one)
  | ("down" | "mempool_alloc" | "wait_for_completion"), [ l ] -> take l one
  | ("down_trylock" | "mempool_try_alloc" | "try_wait_for_completion"), [ l ] -> try_take l one
  | ("up" | "mempool_free" | "complete"), [ l ] -> give l one
  | "down", [ l; n ] -> take l (natural (number n))
  | "down_trylock", [ l; n ] -> try_take l (natural (number n))
  | "up", [ l; n ] -> give l (natural (number n))
  | "lock_page", [ p ] -> LockPage (page p)
  | "trylock_page", [ p ] -> TryLockPage (page p)
  | "unlock_page", [ p ] -> UnlockPage (page p)
  | "might_sleep", [] -> MightSleep
  | "choose", [] -> Choose
  | "select", [] -> Select
  | _ -> refuse text

let node names own_pages own_locks i line =
  let line = String.trim line in
  let place, rest = cut "  " line in
  if number place <> i + 1 then refuse ("an operation out of turn: " ^ line);
  let text, rest = match find "  " rest with Some _ -> cut "  " rest | None -> (rest, "") in
  let rest = String.trim rest in
  let first, _ = match find "  " rest with Some _ -> cut "  " rest | None -> (rest, "") in
  let next, gives_up = targets i (if is_ways first then first else "") in
  { does = operation names own_pages own_locks text; gives_up; next }

(* The lines of a task, after the first. *)
let program names lines =
  let on_pages, lines = List.partition (starts "  pages of its own: ") lines in
  let on_locks, lines = List.partition (starts "  its own ") lines in
  let on_start, lines = List.partition (starts "  starts at ") lines in
  let nothing, lines = List.partition (( = ) "  does nothing") lines in
  if List.exists (starts "  pages it allocates: ") lines then refuse "pages that are allocated";
  let own_pages = List.concat_map (fun l -> pages names.series (after "  pages of its own: " l)) on_pages in
  let own_locks = List.map (fun l -> match resource (after "  its own " l) with
      | Lock (name, lock) -> (name, lock)
      | Counter _ -> refuse "a completion, or units without owner, of a task's own") on_locks in
  let own_kinds = List.map (fun l -> fst (cut " " (after "  its own " l))) on_locks in
  let entry = match nothing, on_start with
    | [], [] -> Some O
    | [], [ l ] -> Some (natural (number (after "  starts at " l) - 1))
    | _ -> None in
  let nodes = List.mapi (node names (List.map fst own_pages) (List.map fst own_locks)) lines in
  (List.map fst own_pages, List.map fst own_locks, own_kinds,
   { own_pages = List.map snd own_pages; own_locks = List.map snd own_locks; entry; nodes })

let parse text =
  let paragraphs =
    List.fold_left (fun found line -> match line, found with
        | "", _ -> [] :: found
        | line, p :: found -> (line :: p) :: found
        | line, [] -> [ [ line ] ]) [ [] ] (String.split_on_char '\n' text) in
  let paragraphs = List.filter (( <> ) []) (List.rev_map List.rev paragraphs) in
  let declarations, tasks = match paragraphs with
    | _ :: rest ->
      let tasks, declarations = List.partition (fun p -> starts "task " (List.hd p)) rest in
      (List.concat declarations, tasks)
    | [] -> refuse "an empty listing" in
  let with_prefix p = List.filter (starts p) declarations in
  List.iter (fun line ->
      if starts "freelist " line then refuse "a freelist";
      if contains "CPU" line && line.[0] >= '0' && line.[0] <= '9' then refuse "CPUs") declarations;
  let series = List.map series_line (with_prefix "series ") in
  let all_series = List.map fst series in
  let shared_pages = List.map (fun l -> page all_series (after "page " l)) (with_prefix "page ") in
  let resources = List.map resource (List.filter (fun l ->
      List.exists (fun p -> starts p l)
        [ "spinlock "; "rwsem "; "semaphore "; "mempool "; "completion " ]) declarations) in
  let locks = List.filter_map (function Lock (n, l) -> Some (n, l) | Counter _ -> None) resources in
  let counters = List.filter_map (function Counter (n, c) -> Some (n, c) | Lock _ -> None) resources in
  let names = { series = all_series; pages = List.map fst shared_pages; locks = List.map fst locks;
                counters = List.map fst counters; types = Hashtbl.create 7 } in
  let task lines =
    let title, about = cut ", " (after "task " (List.hd lines)) in
    let own_pages, own_locks, own_kinds, program = program names (List.tl lines) in
    ({ title; instances = bound about; own_pages; own_locks; own_kinds }, program) in
  let tasks = List.map task tasks in
  { names; tasks = List.map fst tasks;
    scenario = { all_series = List.map snd series; locks = List.map snd locks; counters = List.map snd counters;
                 pages = List.map snd shared_pages; programs = List.map snd tasks } }
