(* Reads certificates of kmapcheck for the checks that are proved: Semantics.proves_no_deadlock,
   proves_by_equations, every_program_ends, everybody_lets_go, proves_nobody_starves
   and proves_rest, extracted from Ordered.v, ScenarioEquations.v, Ends.v, ScenarioLettingGo.v,
   ScenarioStuck.v and ScenarioResting.v. What is here is trusted, as are listing.ml
   and json.ml. Each local state is written again from what was understood, and compared with the
   file, and so is what it holds. *)

open Semantics

exception Wrong of string
let wrong what = raise (Wrong what)

let int n = let rec up k = function O -> k | S n -> up (k + 1) n in up 0 n
let natural = Listing.natural

let number json = match int_of_string_opt (Json.number json) with
  | Some n when n >= 0 -> n
  | _ -> raise (Json.Malformed "a number out of range")
let text = function Json.String s -> s | _ -> raise (Json.Malformed "a text expected")
let nth what l n = match List.nth_opt l n with
  | Some x -> x
  | None -> raise (Json.Malformed ("there is no such " ^ what))
let listed name json = match Json.find name json with None -> [] | Some l -> Json.list l

type context = { listing : Listing.t; shared : int }

(* Pages have one row of numbers: the shared ones, then the task's own. *)
let page c n = if n < c.shared then Shared (natural n) else Own (natural (n - c.shared))
let page_number c = function Shared i -> int i | Own i -> c.shared + int i

let words = [ ("spin ", Spinning); ("read ", Reading); ("write ", Writing); ("unit ", Units) ]

let held c (task : Listing.task) json = match Json.list json with
  | [ what; n ] ->
    let what = text what in
    let own = Listing.starts "own " what in
    let what = if own then Listing.after "own " what else what in
    (match List.find_opt (fun (w, _) -> Listing.starts w what) words with
     | None -> Listing.refuse what
     | Some (w, mode) ->
       let name = Listing.after w what in
       let index l = natural (Listing.index "a lock" name l) in
       ((if own then Own (index task.own_locks) else Shared (index c.listing.names.locks)), mode, number n))
  | _ -> raise (Json.Malformed "a pair expected")

let mapping c json =
  let numbers json = List.map number (Json.list json) in
  match json with
  | Json.Object [ ("pin", l) ] ->
    (match numbers l with
     | [ p; asked; lies ] -> Pin (page c p, natural asked, natural lies)
     | _ -> raise (Json.Malformed "a pin expected"))
  | Json.Object [ ("low", p) ] -> Low (page c (number p))
  | Json.Object [ ("local", p) ] -> Local (page c (number p))
  | Json.Object [ ("atomic", Json.List [ p; Json.Null ]) ] -> Atomic (page c (number p), None)
  | Json.Object [ ("atomic", Json.List [ p; t ]) ] -> Atomic (page c (number p), Some (natural (number t)))
  | _ -> raise (Json.Malformed "a mapping expected")

(* A local state, from a state and its content. *)
let local c contents json =
  let task_number = number (Json.get "task" json) in
  let task = nth "task" c.listing.tasks task_number in
  let content = nth "content" contents (number (Json.get "has" json)) in
  if Json.find "queued" content <> None then Listing.refuse "queues";
  if Json.find "on_cpu" content <> None then Listing.refuse "CPUs";
  let leftovers = List.concat (List.mapi (fun i page ->
      let counts = List.map number (listed "mapped" page) in
      List.concat (List.mapi (fun s n -> if n = 1 then [ (natural i, natural s) ] else []) counts))
      (listed "pages" content)) in
  { runs = natural task_number;
    at_node = Option.map (fun a -> natural (number a)) (Json.find "at" json);
    maps = List.rev_map (mapping c) (listed "maps" content);
    held = List.fold_left (fun l json -> let name, mode, n = held c task json in hold (name, mode) (natural n) l)
        [] (listed "held" content);
    locked = List.rev_map (fun p -> page c (number p)) (listed "page_locks" content);
    leftovers = List.sort compare leftovers }

let num n = Json.Number (string_of_int n)

(* What the file must say of a local state: the content, and what it holds. *)
let content c (x : local) =
  let task = nth "task" c.listing.tasks (int x.runs) in
  let declared = nth "task" c.listing.scenario.programs (int x.runs) in
  let name i l = nth "name" l (int i) in
  let call ((l, mode), n) =
    let word = fst (List.find (fun (_, m) -> m = mode) words) in
    let what = match l with
      | Shared i -> word ^ name i c.listing.names.locks
      | Own i -> "own " ^ word ^ name i task.own_locks in
    (what, int n) in
  let member name l = if l = [] then [] else [ (name, Json.List l) ] in
  let live = not (ended x) in
  let amount l m = List.fold_left (fun s (k, n) -> if k = (l, m) then s + int n else s) 0 x.held in
  let own i units =
    let l = Own (natural i) in
    match units, nth "lock" task.own_kinds i with
    | Some u, _ -> Json.Object [ ("units", Json.List [ num (int u - amount l Units); num 0 ]) ]
    | None, "spinlock" -> Json.Object [ ("spin", Json.Bool (amount l Spinning > 0)) ]
    | None, _ -> Json.Object
                   [ ("rwsem", Json.List [ num (amount l Reading); Json.Bool (amount l Writing > 0); num 0 ]) ] in
  let of_page p = function Pin (q, _, _) | Low q | Atomic (q, _) | Local q -> p = q in
  let keeps s = (nth "series" c.listing.scenario.all_series (int s)).reuse <> TakesNone in
  let page_content i (declared : Semantics.page) =
    let p = Own (natural i) in
    let mine = List.filter (of_page p) x.maps in
    let count s =
      let s = natural s in
      let pins = List.length (List.filter (function Pin (_, _, lies) -> lies = s && keeps s | _ -> false) mine) in
      if pins > 0 then pins + 1 else if List.mem (natural i, s) x.leftovers then 1 else 0 in
    let counts = List.mapi (fun s _ -> count s) c.listing.scenario.all_series in
    let unshared = List.length (List.filter (function Pin (_, _, s) -> not (keeps s) | Low _ -> true | _ -> false) mine) in
    let locked = List.mem p x.locked in
    let holders = List.length mine + if locked then 1 else 0 in
    let positive name n = if n > 0 then [ (name, num n) ] else [] in
    Json.Object
      ((if declared.in_low_memory then [ ("low", Json.Bool true) ] else [])
       @ (if locked then [ ("locked", Json.Bool true) ] else [])
       @ (if List.exists (( < ) 0) counts then [ ("mapped", Json.List (List.map num counts)) ] else [])
       @ positive "pins" unshared @ positive "holders" holders) in
  let map m = match m with
    | Pin (p, asked, lies) -> Json.Object [ ("pin", Json.List [ num (page_number c p); num (int asked); num (int lies) ]) ]
    | Low p -> Json.Object [ ("low", num (page_number c p)) ]
    | Local p -> Json.Object [ ("local", num (page_number c p)) ]
    | Atomic (p, t) -> Json.Object [ ("atomic", Json.List
        [ num (page_number c p); (match t with None -> Json.Null | Some t -> num (int t)) ]) ] in
  let has = Json.Object
      ((if live then
          member "names" (List.mapi (fun i _ -> Json.Object [ ("page", num (c.shared + i)) ]) declared.own_pages)
          @ member "own" (List.mapi own declared.own_locks)
        else [])
       @ member "maps" (List.rev_map map x.maps)
       @ member "held" (List.map (fun h -> let what, n = call h in Json.List [ Json.String what; num n ]) x.held)
       @ member "page_locks" (List.rev_map (fun p -> num (page_number c p)) x.locked)
       @ if live then member "pages" (List.mapi page_content declared.own_pages) else []) in
  let series = List.mapi (fun s name -> (natural s, name)) c.listing.names.series in
  let slots what count = List.filter_map (fun (s, name) ->
      let n = count s in if n > 0 then Some (what ^ name, n) else None) series in
  let shared_pins s = List.length (List.sort_uniq compare (List.filter_map (function
      | Pin (Shared i, _, lies) when lies = s && keeps s -> Some i | _ -> None) x.maps)) in
  let holds =
    slots "slot " (fun s -> int (own_slots c.listing.scenario x s)) @ slots "shared slot " shared_pins
    @ List.map call x.held
    @ List.filter_map (function
        | Shared i -> Some ("page lock " ^ name i c.listing.names.pages, 1)
        | Own _ -> None) x.locked in
  (has, Json.Object (List.sort compare (List.map (fun (what, n) -> (what, num n)) holds)))

let rec sorted = function
  | Json.Object l -> Json.Object (List.sort compare (List.map (fun (n, v) -> (n, sorted v)) l))
  | Json.List l -> Json.List (List.map sorted l)
  | v -> v

let wanted c s =
  let shared what l name = natural (Listing.index what name l) in
  let lock = shared "a lock" c.listing.names.locks and one = natural 1 in
  let cases = [
    ("slot ", fun n -> ASlot (shared "a series" c.listing.names.series n, false));
    ("next slot ", fun n -> ASlot (shared "a series" c.listing.names.series n, true));
    ("spin ", fun n -> ALock (lock n, Spinning, one));
    ("read ", fun n -> ALock (lock n, Reading, one));
    ("write ", fun n -> ALock (lock n, Writing, one));
    ("page lock ", fun n -> APageLock (shared "a page" c.listing.names.pages n));
    ("units ", fun n -> let k, l = Listing.cut " of " n in ALock (lock l, Units, natural (Listing.number k))) ] in
  match List.find_opt (fun (w, _) -> Listing.starts w s) cases with
  | Some (w, f) -> f (Listing.after w s)
  | None -> Listing.refuse s

(* Which kind of waiting task a local state is of, by place in the certificate; and the sets of things. *)
let knots c locals certificate =
  let kind json = (text (Json.get "task" json), wanted c (text (Json.get "waits_for" json)),
                   sorted (Json.get "holds" json), List.map text (listed "pins_in" json)) in
  let kinds = List.map kind (listed "waiting" certificate) in
  let of_local ((x : local), (_, holds)) = match want_of c.listing.scenario x with
    | None -> None
    | Some w ->
      let holds = match holds with
        | Json.Object l -> Json.Object (List.filter (fun (what, _) -> not (Listing.starts "own " what)) l)
        | v -> v in
      let pins = List.filteri (fun s _ -> has_pin x (natural s)) c.listing.names.series in
      let title = (nth "task" c.listing.tasks (int x.runs)).title in
      let same (t, v, h, p) = t = title && v = w && h = sorted holds && p = pins in
      List.find_map Fun.id (List.mapi (fun i k -> if same k then Some (x, i) else None) kinds) in
  let placed = List.filter_map of_local locals in
  let knot json =
    if listed "case" json <> [] then Listing.refuse "cases";
    let numbers = List.map number (listed "unknowns" json) in
    let place (x, kind) = List.find_map Fun.id
        (List.mapi (fun i n -> if n = kind then Some (x, natural i) else None) numbers) in
    { awaited = List.map (fun s -> wanted c (text s)) (listed "awaited" json);
      unknowns = List.filter_map place placed;
      rows = List.map Refutation.inequality (listed "inequalities" json);
      why = List.map Refutation.node (listed "refutation" json) } in
  List.map knot (listed "sets" certificate)

let claims certificate = List.concat_map (fun claim ->
    List.map (fun kind -> (text kind, text (Json.get "by" claim))) (Json.list (Json.get "kinds" claim)))
    (Json.list (Json.get "excluded" certificate))

(* Waits in loops for what anybody may give: at these tasks may rest. Then what may come behind them,
   and what is awaited there. Which ones are taken need not be believed. *)
let rest (scenario : scenario) =
  let of_program m (p : program) =
    let nodes = Array.of_list p.nodes in
    let after a = List.filter_map (Option.map int) nodes.(a).next in
    let rec ahead seen = function
      | [] -> seen
      | a :: l when List.mem a seen -> ahead seen l
      | a :: l -> ahead (a :: seen) (after a @ l) in
    let awaited (d : instruction) =
      let calls = match d.does with
        | Select -> List.map (fun b -> nodes.(int b).does) (List.filter_map Fun.id d.next)
        | o -> [ o ] in
      if d.gives_up then []
      else if List.for_all (function Await _ -> true | _ -> false) calls then
        List.filter_map (function Await (c, _) -> Some c | _ -> None) calls
      else [] in
    let rests a = awaited nodes.(a) <> [] && List.mem a (ahead [] (after a)) in
    let waits = List.filter rests (List.init (Array.length nodes) Fun.id) in
    let named = List.map (fun a -> (natural m, natural a)) in
    (named waits, named (ahead [] waits), List.concat_map (fun a -> awaited nodes.(a)) waits) in
  let all = List.mapi of_program scenario.programs in
  let part f = List.concat_map f all in
  (part (fun (a, _, _) -> a), part (fun (_, b, _) -> b), part (fun (_, _, c) -> c))

let check listing certificate =
  (match Json.get "format" certificate with
   | Json.String "kmapcheck-certificate-3" -> ()
   | _ -> raise (Json.Malformed "the format is not kmapcheck-certificate-3"));
  let c = { listing; shared = List.length listing.Listing.names.pages } in
  let claims = claims certificate in
  let starved = List.assoc_opt "starved" claims in
  let by = match List.assoc_opt "deadlock" claims, starved with
    | (Some ("order" | "equations" | "flow") | None as by), Some ("drains" | "rests") -> by
    | Some ("order" | "equations") as by, _ -> by
    | Some by, _ -> Listing.refuse ("no deadlock, by " ^ by)
    | None, _ -> Listing.refuse "it does not say that there is no deadlock" in
  let tables = Json.get "locals" certificate in
  let contents = listed "contents" tables and holdings = listed "holdings" tables in
  let states = listed "states" tables in
  let locals = List.map (local c contents) states in
  let made = List.map (content c) locals in
  List.iteri (fun i ((has, holds), json) ->
      let same what given made =
        if sorted given <> sorted made then wrong (Printf.sprintf "local state %d: what it %s is something else" i what) in
      same "has" (nth "content" contents (number (Json.get "has" json))) has;
      same "holds" (nth "holding" holdings (number (Json.get "holds" json))) holds)
    (List.combine made states);
  let order = List.map (fun s -> wanted c (text s)) (listed "order" certificate) in
  let ranks () =
    let ranks = List.map number (listed "ranks" certificate) in
    if List.length ranks <> List.length locals then wrong "not every local state has a rank";
    List.combine locals (List.map natural ranks) in
  let scenario = listing.scenario in
  let no_deadlock = match by with
    | None | Some "flow" -> true
    | Some "order" -> proves_no_deadlock scenario locals order
    | Some _ ->
      let instances m = Option.map natural (nth "task" listing.tasks (int m)).instances in
      proves_by_equations scenario instances locals (knots c (List.combine locals made) certificate) in
  if not no_deadlock then wrong "it does not follow that there is no deadlock";
  let must so otherwise = if not so then wrong otherwise in
  let counted = by = None || by = Some "flow" in
  (match starved with
   | Some "no-loops" -> must (every_program_ends scenario) "a task program loops"
   | Some "drains" when counted ->
     must (proves_nobody_starves scenario locals (ranks ()))
       "some task does not come nearer to letting go, or waits for what others need not hold"
   | Some "drains" ->
     must (everybody_lets_go scenario (mapped_on scenario locals) (ranks ()) locals) "some task does not come nearer to letting go"
   | Some "rests" ->
     let waits, behind, awaited = rest scenario in
     must (proves_rest scenario locals (ranks ()) waits behind awaited) "some task does not come nearer to rest"
   | _ -> ());
  match by, starved with
  | Some "flow", _ -> Listing.refuse "no deadlock, by flow; nobody starves"
  | None, _ -> "nobody starves"
  | _, Some "no-loops" -> "no deadlock, and all come to their ends"
  | _, Some ("drains" | "rests") -> "no deadlock, and nobody starves"
  | _ -> "no deadlock"
