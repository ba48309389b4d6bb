(** * Scenarios: the step function of docs/semantics.md, for a part of it

    A scenario here is what `kmapcheck explain` shows: series of slots, locks, shared pages, and task
    programs as numbered primitives. [steps] says what a task can do next, [after] what comes of it.
    Both are functions, and are extracted; explore (in reader/) goes through all states with them, to
    be compared with the machine. Checked.v is about the same functions.

    There: series with all three policies, slots kept for holders, flushes; pages that tasks share and
    pages of their own, low memory, mappings from an earlier use; atomic and local maps; spinlocks,
    rwsems, semaphores and mempools, shared or a task's own, of several units at once; page locks;
    completions, and units that anybody may give back; tries, branches, loops, selects, waits that
    give up. Idle waits take the same steps as others.

    Left out: CPUs, fair locks, and pages that are allocated and freed; so each name stands for one
    page for good. And findings: a step that is an error is taken (or skipped) as there, and nothing
    is said of it.

    What tasks share is not stored but counted: a slot is in use because a task has a pin. *)

From Coq Require Import List Arith Bool.
Import ListNotations.

(** ** What a scenario is *)

(** Of a page or a lock: it is one that all tasks know, or one of the task's own. *)
Inductive name : Type := Shared (i : nat) | Own (i : nat).

Inductive policy : Type := TakesAny | TakesOwn | TakesNone.
(** [None]: any number. *)
Record series : Type := { slots : option nat; reuse : policy; for_holders : nat }.

Inductive mode : Type := Spinning | Reading | Writing | Units.
(** A pool's units; [None]: any number. Other locks have no number. *)
Definition lock : Type := option nat.

(** A completion, or units without owner: how many there are at most (a completion has no most), and
    at the start. *)
Record counter : Type := { most : option nat; at_start : nat }.

Record page : Type := { in_low_memory : bool; mapped_at_start : list nat }.

Inductive operation : Type :=
| Kmap (p : name) (s : nat)
| TryKmap (p : name) (s : nat) (flush : bool)
| Kunmap (p : name)
| KunmapAny (p : name)
| KmapAtomic (p : name) (type : nat)
| KunmapAtomic (p : name)
| KmapLocal (p : name)
| KunmapLocal (p : name)
| Acquire (l : name) (m : mode) (n : nat)
| TryAcquire (l : name) (m : mode) (n : nat)
| Release (l : name) (m : mode) (n : nat)
| LockPage (p : name)
| TryLockPage (p : name)
| UnlockPage (p : name)
| Await (c : nat) (n : nat)
| TryAwait (c : nat) (n : nat)
| Post (c : nat) (n : nat)
| MightSleep
| Choose
| Select.

(** Where control goes: the number of an operation, or [None], the end. A try has two, success
    first; so has what may give up. A select has the first operations of its branches. *)
Record instruction : Type := { does : operation; gives_up : bool; next : list (option nat) }.

Record program : Type :=
  { own_pages : list page; own_locks : list lock; entry : option nat; nodes : list instruction }.

Record scenario : Type := {
  all_series : list series;
  locks : list lock;
  counters : list counter;
  pages : list page;
  programs : list program
}.

(** The numbers that a scenario may leave open. *)
Record sizes : Type := { slots_in : nat -> nat; units_in : nat -> nat }.

(** ** What a task is in, and a state *)

Inductive mapping : Type :=
| Pin (p : name) (asked lies : nat)
| Low (p : name)
| Atomic (p : name) (type : option nat)
| Local (p : name).

Record local : Type := {
  runs : nat;
  at_node : option nat;
  (** The latest first. *)
  maps : list mapping;
  held : list ((name * mode) * nat);
  locked : list name;
  (** Stale mappings of its own pages, in series. *)
  leftovers : list (nat * nat)
}.

Record state : Type := {
  tasks : list local;
  (** Stale mappings of shared pages, in series. *)
  left : list (nat * nat);
  (** Series with a stale mapping of a page that was of a task which has ended. *)
  orphans : list nat;
  counts : list nat
}.

Definition name_eq : forall x y : name, {x = y} + {x <> y}.
Proof. decide equality; apply Nat.eq_dec. Defined.
Definition mode_eq : forall x y : mode, {x = y} + {x <> y}.
Proof. decide equality. Defined.
Definition mapping_eq : forall x y : mapping, {x = y} + {x <> y}.
Proof. decide equality; try apply name_eq; try apply Nat.eq_dec. decide equality. apply Nat.eq_dec. Defined.
Definition pair_eq : forall x y : nat * nat, {x = y} + {x <> y}.
Proof. decide equality; apply Nat.eq_dec. Defined.
Definition local_eq : forall x y : local, {x = y} + {x <> y}.
Proof.
  decide equality; try (apply list_eq_dec); try apply Nat.eq_dec; try apply mapping_eq; try apply name_eq;
    try apply pair_eq; decide equality; try apply Nat.eq_dec. decide equality; [apply mode_eq|apply name_eq].
Defined.

Definition is_name (x y : name) : bool := if name_eq x y then true else false.
Definition is_mode (x y : mode) : bool := if mode_eq x y then true else false.
Definition is_pair (x y : nat * nat) : bool := if pair_eq x y then true else false.
Definition has_pair (x : nat * nat) (l : list (nat * nat)) : bool := existsb (is_pair x) l.
Definition without_pair (x : nat * nat) (l : list (nat * nat)) : list (nat * nat) :=
  filter (fun y => negb (is_pair x y)) l.

Definition pair_before (x y : nat * nat) : bool :=
  (fst x <? fst y) || ((fst x =? fst y) && (snd x <? snd y)).
(** Lists of leftovers are in order, each once. *)
Fixpoint with_pair (x : nat * nat) (l : list (nat * nat)) : list (nat * nat) :=
  match l with
  | [] => [x]
  | y :: l' => if is_pair x y then l else if pair_before x y then x :: l else y :: with_pair x l'
  end.

Definition mode_number (m : mode) : nat :=
  match m with Spinning => 0 | Reading => 1 | Writing => 2 | Units => 3 end.
Definition name_numbers (x : name) : nat * nat := match x with Shared i => (0, i) | Own i => (1, i) end.
Definition lock_before (x y : name * mode) : bool :=
  pair_before (name_numbers (fst x)) (name_numbers (fst y)) ||
  (is_name (fst x) (fst y) && (mode_number (snd x) <? mode_number (snd y))).
Definition is_held (x y : name * mode) : bool := is_name (fst x) (fst y) && is_mode (snd x) (snd y).

Fixpoint amount (x : name * mode) (l : list ((name * mode) * nat)) : nat :=
  match l with [] => 0 | (y, n) :: l => (if is_held x y then n else 0) + amount x l end.
Fixpoint hold (x : name * mode) (n : nat) (l : list ((name * mode) * nat)) : list ((name * mode) * nat) :=
  match l with
  | [] => [(x, n)]
  | (y, k) :: l' =>
    if is_held x y then (y, k + n) :: l' else if lock_before x y then (x, n) :: l else (y, k) :: hold x n l'
  end.
Fixpoint let_go (x : name * mode) (n : nat) (l : list ((name * mode) * nat)) : list ((name * mode) * nat) :=
  match l with
  | [] => []
  | (y, k) :: l' => if is_held x y then if k =? n then l' else (y, k - n) :: l' else (y, k) :: let_go x n l'
  end.

Section OneScenario.
Variable P : scenario.

Definition series_of (s : nat) : series :=
  nth s (all_series P) {| slots := Some 0; reuse := TakesNone; for_holders := 0 |}.
Definition keeps_mappings (s : nat) : bool :=
  match reuse (series_of s) with TakesNone => false | _ => true end.
(** The series in which an existing mapping would do. *)
Definition acceptable (s : nat) : list nat :=
  match reuse (series_of s) with
  | TakesAny => filter keeps_mappings (seq 0 (length (all_series P)))
  | TakesOwn => [s]
  | TakesNone => []
  end.

Definition no_program : program := {| own_pages := []; own_locks := []; entry := None; nodes := [] |}.
Definition program_of (x : local) : program := nth (runs x) (programs P) no_program.
Definition page_of (x : local) (p : name) : page :=
  let none := {| in_low_memory := false; mapped_at_start := [] |} in
  match p with Shared i => nth i (pages P) none | Own i => nth i (own_pages (program_of x)) none end.
Definition most_of (c : nat) : option nat :=
  match nth_error (counters P) c with Some k => most k | None => None end.

(** ** What a task has of slots *)

Definition pins (p : name) (s : nat) (m : mapping) : bool :=
  match m with Pin q _ lies => is_name p q && (s =? lies) | _ => false end.
Definition pins_in (s : nat) (m : mapping) : bool := match m with Pin _ _ lies => s =? lies | _ => false end.
Definition has_pin (x : local) (s : nat) : bool := existsb (pins_in s) (maps x).
Definition page_pinned (x : local) (p : name) (s : nat) : bool := existsb (pins p s) (maps x).

(** Slots of a task that nobody else can be using. In a series that keeps mappings, one for each of
    its own pages that it has mapped there; in one that does not, one for each pin. *)
Definition own_slots (x : local) (s : nat) : nat :=
  if keeps_mappings s
  then length (filter (fun i => page_pinned x (Own i) s) (seq 0 (length (own_pages (program_of x)))))
  else length (filter (pins_in s) (maps x)).
Definition own_stale (x : local) (s : nat) : nat := length (filter (fun l => snd l =? s) (leftovers x)).

Definition users (ts : list local) (p s : nat) : bool := existsb (fun x => page_pinned x (Shared p) s) ts.
Definition total (f : local -> nat) (ts : list local) : nat := fold_right (fun x n => f x + n) 0 ts.

Definition in_use (st : state) (s : nat) : nat :=
  total (fun x => own_slots x s) (tasks st) +
  if keeps_mappings s
  then length (filter (fun p => users (tasks st) p s) (seq 0 (length (pages P)))) else 0.
Definition stale (st : state) (s : nat) : nat :=
  total (fun x => own_stale x s) (tasks st) +
  length (filter (fun l => snd l =? s) (left st)) + length (filter (Nat.eqb s) (orphans st)).

(** ** What a step may depend on *)

Inductive condition : Type :=
| NobodyHas (l : name) (m : mode)
| FitsIn (l : name) (n : nat)
| PageUnlocked (p : name)
| Mapped (p : name) (s : nat)
| Unmapped (p : name) (s : nat)
| FewerInUse (s kept : nat)
| SlotFree (s : nat)
| SomeStale (s : nat)
| Counted (c n : nat)
| RoomFor (c n : nat).

Definition total_held (ts : list local) (l : name) (m : mode) : nat :=
  total (fun x => amount (l, m) (held x)) ts.
Definition is_locked (x : local) (p : name) : bool := existsb (is_name p) (locked x).
Definition is_left (x : local) (st : state) (p : name) (s : nat) : bool :=
  match p with Shared i => has_pair (i, s) (left st) | Own i => has_pair (i, s) (leftovers x) end.

Variable Z : sizes.

(** Whether it is so for the task [x]. What is a task's own, only that task has. *)
Definition is_so (st : state) (x : local) (c : condition) : bool :=
  let who p := match p with Shared _ => tasks st | Own _ => [x] end in
  match c with
  | NobodyHas l m => total_held (who l) l m =? 0
  | FitsIn (Shared l) n => total_held (tasks st) (Shared l) Units + n <=? units_in Z l
  | FitsIn (Own l) n =>
    match nth l (own_locks (program_of x)) None with
    | Some u => amount (Own l, Units) (held x) + n <=? u
    | None => false
    end
  | PageUnlocked p => negb (existsb (fun y => is_locked y p) (who p))
  | Mapped p s => existsb (fun y => page_pinned y p s) (who p) || is_left x st p s
  | Unmapped p s => negb (existsb (fun y => page_pinned y p s) (who p) || is_left x st p s)
  | FewerInUse s kept => in_use st s + kept <? slots_in Z s
  | SlotFree s => in_use st s + stale st s <? slots_in Z s
  | SomeStale s => 0 <? stale st s
  | Counted c n => n <=? nth c (counts st) 0
  | RoomFor c n => match most_of c with Some m => nth c (counts st) 0 + n <=? m | None => true end
  end.

(** ** The ways of an operation *)

(** What a step does to what is not the task's own. *)
Inductive effect : Type :=
| Nothing
| Flushes (s : nat)
| TakesLeft (p s : nat)
| Unpins (p s : nat)
| Adds (c n : nat)
| Takes (c n : nat).

Definition outcome : Type := (local * effect)%type.
(** Possible while all of these are so. *)
Definition way : Type := (list condition * outcome)%type.

Definition with_maps (x : local) (m : list mapping) : local :=
  {| runs := runs x; at_node := at_node x; maps := m; held := held x; locked := locked x; leftovers := leftovers x |}.
Definition with_held (x : local) h : local :=
  {| runs := runs x; at_node := at_node x; maps := maps x; held := h; locked := locked x; leftovers := leftovers x |}.
Definition with_locked (x : local) l : local :=
  {| runs := runs x; at_node := at_node x; maps := maps x; held := held x; locked := l; leftovers := leftovers x |}.
Definition with_leftovers (x : local) l : local :=
  {| runs := runs x; at_node := at_node x; maps := maps x; held := held x; locked := locked x; leftovers := l |}.
Definition goes_to (x : local) (a : option nat) : local :=
  {| runs := runs x; at_node := a; maps := maps x; held := held x; locked := locked x; leftovers := leftovers x |}.
Definition target (d : instruction) (branch : nat) : option nat := nth branch (next d) None.

Definition flush_local (s : nat) (x : local) : local :=
  with_leftovers x (filter (fun l => negb (snd l =? s)) (leftovers x)).
Definition push (x : local) (m : mapping) : local := with_maps x (m :: maps x).

Definition kmap_ways (x : local) (p : name) (s : nat) (may_flush : bool) : list way :=
  if in_low_memory (page_of x p) then [([], (push x (Low p), Nothing))]
  else
    let kept := if has_pin x s then 0 else for_holders (series_of s) in
    let fresh := map (Unmapped p) (acceptable s) in
    let pinned := push x (Pin p s s) in
    map (fun lies =>
      let pinned := push x (Pin p s lies) in
      ([Mapped p lies],
       match p with
       | Shared i => (pinned, TakesLeft i lies)
       | Own i => (with_leftovers pinned (without_pair (i, lies) (leftovers x)), Nothing)
       end)) (acceptable s) ++
    (FewerInUse s kept :: SlotFree s :: fresh, (pinned, Nothing)) ::
    if may_flush
    then [(FewerInUse s kept :: SomeStale s :: fresh, (flush_local s pinned, Flushes s))] else [].

(** The latest mapping that fits, what there is of later ones, and the rest. *)
Fixpoint latest (fits : mapping -> bool) (l : list mapping) : option (list mapping * mapping * list mapping) :=
  match l with
  | [] => None
  | m :: l =>
    if fits m then Some ([], m, l)
    else match latest fits l with Some (later, found, rest) => Some (m :: later, found, rest) | None => None end
  end.

Definition mapping_of (p : name) (m : mapping) : bool :=
  match m with Pin q _ _ | Low q | Atomic q _ | Local q => is_name p q end.
Definition is_pin (m : mapping) : bool := match m with Pin _ _ _ | Low _ => true | _ => false end.
Definition is_atomic (m : mapping) : bool := match m with Atomic _ _ => true | _ => false end.
Definition is_local (m : mapping) : bool := match m with Local _ => true | _ => false end.

(** [None]: there is none, or it is a local map and not the last of them. *)
Definition undo (x : local) (fits : mapping -> bool) : option outcome :=
  match latest fits (maps x) with
  | None => None
  | Some (later, m, rest) =>
    let y := with_maps x (later ++ rest) in
    match m with
    | Pin (Shared i) _ lies => Some (y, if keeps_mappings lies then Unpins i lies else Nothing)
    | Pin (Own i) _ lies =>
      Some (if keeps_mappings lies && negb (page_pinned y (Own i) lies)
            then with_leftovers y (with_pair (i, lies) (leftovers x)) else y, Nothing)
    | Local _ => if existsb is_local later then None else Some (y, Nothing)
    | _ => Some (y, Nothing)
    end
  end.

(** What cannot be done is skipped. *)
Definition or_skipped (x : local) (o : option outcome) : list way :=
  [([], match o with Some o => o | None => (x, Nothing) end)].

Definition acquire_ways (x : local) (l : name) (m : mode) (n : nat) : list way :=
  let y := with_held x (hold (l, m) n (held x)) in
  [(match m with
    | Spinning => [NobodyHas l Spinning]
    | Reading => [NobodyHas l Writing]
    | Writing => [NobodyHas l Reading; NobodyHas l Writing]
    | Units => [FitsIn l n]
    end, (y, Nothing))].

Definition operation_ways (x : local) (o : operation) : list way :=
  match o with
  | Kmap p s => kmap_ways x p s true
  | TryKmap p s flush => kmap_ways x p s flush
  | Kunmap p => or_skipped x (undo x (fun m => mapping_of p m && is_pin m))
  | KunmapAny p => or_skipped x (undo x (mapping_of p))
  | KmapAtomic p type =>
    [([], (push x (Atomic p (if in_low_memory (page_of x p) then None else Some type)), Nothing))]
  | KunmapAtomic p => or_skipped x (undo x (fun m => mapping_of p m && is_atomic m))
  | KmapLocal p => [([], (push x (Local p), Nothing))]
  | KunmapLocal p =>
    or_skipped x (match latest is_local (maps x) with
      | Some (later, m, rest) => if mapping_of p m then Some (with_maps x (later ++ rest), Nothing) else None
      | None => None
      end)
  | Acquire l m n | TryAcquire l m n => acquire_ways x l m n
  | Release l m n =>
    or_skipped x (if (0 <? amount (l, m) (held x)) && (n <=? amount (l, m) (held x))
                  then Some (with_held x (let_go (l, m) n (held x)), Nothing) else None)
  | LockPage p | TryLockPage p => [([PageUnlocked p], (with_locked x (p :: locked x), Nothing))]
  | UnlockPage p =>
    or_skipped x (if is_locked x p
                  then Some (with_locked x (filter (fun q => negb (is_name p q)) (locked x)), Nothing) else None)
  | Await c n | TryAwait c n => [([Counted c n], (x, Takes c n))]
  | Post c n => [([RoomFor c n], (x, Adds c n))]
  | MightSleep => [([], (x, Nothing))]
  | Choose | Select => []
  end.
Definition arrives (a : option nat) (w : way) : way := (fst w, (goes_to (fst (snd w)) a, snd (snd w))).
Definition is_try (o : operation) : bool :=
  match o with TryKmap _ _ _ | TryAcquire _ _ _ | TryLockPage _ | TryAwait _ _ => true | _ => false end.
Definition node_at (x : local) (a : nat) : option instruction := nth_error (nodes (program_of x)) a.

(** All ways of the operation that the task is at. *)
Definition ways (x : local) : list way :=
  match at_node x with
  | None => []
  | Some a =>
    match node_at x a with
    | None => []
    | Some d =>
      match does d with
      | Choose => map (fun a => ([], (goes_to x a, Nothing))) (next d)
      | Select =>
        flat_map (fun first => match first with
          | Some b => match node_at x b with
            | Some e => map (arrives (target e 0)) (operation_ways x (does e))
            | None => [] end
          | None => [] end) (if gives_up d then removelast (next d) else next d)
      | o => map (arrives (target d 0)) (operation_ways x o)
      end
    end
  end.

(** What it can do while none of them is possible: fail, give up, or skip what cannot be given. *)
Definition otherwise (x : local) : list outcome :=
  match at_node x with
  | None => []
  | Some a =>
    match node_at x a with
    | None => []
    | Some d =>
      match does d with
      | Post _ _ => [(goes_to x (target d 0), Nothing)]
      | o => if is_try o then [(goes_to x (target d 1), Nothing)]
             else if gives_up d then [(goes_to x (last (next d) None), Nothing)] else []
      end
    end
  end.

Definition possible_ways (st : state) (x : local) : list way :=
  filter (fun w => forallb (is_so st x) (fst w)) (ways x).

(** What the task can do next. Nothing: it has ended, or waits. *)
Definition steps (st : state) (x : local) : list outcome :=
  match possible_ways st x with [] => otherwise x | l => map snd l end.

(** ** What comes of a step *)

Definition ended (x : local) : bool := match at_node x with None => true | Some _ => false end.
(** Who has ended no longer knows its pages. *)
Definition parted (x : local) : local := if ended x then with_leftovers x [] else x.

Fixpoint put {A} (i : nat) (y : A) (l : list A) : list A :=
  match i, l with _, [] => [] | 0, _ :: l => y :: l | S i, x :: l => x :: put i y l end.
Fixpoint change (f : nat -> nat) (i : nat) (l : list nat) : list nat :=
  match i, l with _, [] => [] | 0, n :: l => f n :: l | S i, n :: l => n :: change f i l end.

Definition after (st : state) (i : nat) (o : outcome) : state :=
  let (y, e) := o in
  let others := match e with Flushes s => map (flush_local s) (tasks st) | _ => tasks st end in
  let ts := put i (parted y) others in
  let gone := if ended y then map snd (leftovers y) else [] in
  {| tasks := ts;
     left := match e with
       | Flushes s => filter (fun l => negb (snd l =? s)) (left st)
       | TakesLeft p s => without_pair (p, s) (left st)
       | Unpins p s => if users ts p s then left st else with_pair (p, s) (left st)
       | _ => left st
       end;
     orphans := match e with
       | Flushes s => filter (fun r => negb (r =? s)) (orphans st) ++ gone
       | _ => orphans st ++ gone
       end;
     counts := match e with
       | Adds c n => change (fun k => k + n) c (counts st)
       | Takes c n => change (fun k => k - n) c (counts st)
       | _ => counts st
       end |}.

(** ** Runs *)

Definition leftovers_at_start (ps : list page) : list (nat * nat) :=
  flat_map (fun i => map (pair i) (mapped_at_start (nth i ps {| in_low_memory := false; mapped_at_start := [] |})))
    (seq 0 (length ps)).

Definition begins (t : nat) : local :=
  let p := nth t (programs P) no_program in
  {| runs := t; at_node := entry p; maps := []; held := []; locked := [];
     leftovers := fold_right with_pair [] (leftovers_at_start (own_pages p)) |}.

(** [ts]: which program each task runs. *)
Definition starts_with (ts : list nat) : state :=
  let xs := map begins ts in
  {| tasks := map parted xs; left := fold_right with_pair [] (leftovers_at_start (pages P));
     orphans := flat_map (fun x => if ended x then map snd (leftovers x) else []) xs;
     counts := map at_start (counters P) |}.

Inductive step (st : state) : state -> Prop :=
| step_of i x o (is_task : nth_error (tasks st) i = Some x) (is_step : In o (steps st x)) : step st (after st i o).

Inductive reachable (ts : list nat) : state -> Prop :=
| at_first : reachable ts (starts_with ts)
| later st st' : reachable ts st -> step st st' -> reachable ts st'.

(** All states that one step leads to. *)
Definition successors (st : state) : list state :=
  flat_map (fun i => match nth_error (tasks st) i with
    | Some x => map (after st i) (steps st x)
    | None => []
    end) (seq 0 (length (tasks st))).

Theorem successors_are_the_steps st st' : In st' (successors st) <-> step st st'.
Proof.
  unfold successors. rewrite in_flat_map. split.
  - intros (i & _ & H). destruct (nth_error (tasks st) i) as [x|] eqn:E; [|easy].
    apply in_map_iff in H as (o & <- & H). now apply (step_of st i x o).
  - intros [i x o E H]. exists i. split.
    + apply in_seq. split; [apply Nat.le_0_l|]. simpl. apply nth_error_Some. congruence.
    + rewrite E. now apply in_map.
Qed.

End OneScenario.
