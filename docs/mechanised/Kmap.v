(** * kmap: slots, pages, mappings that are found again

    The machine of docs/semantics.md as far as kmap goes. Its words are used here as there: series,
    slots, reuse policies ([any], [own], [none]), mappings with users, stale mappings, pins that
    were asked for in one series and lie in one, flushes, slots kept for holders.

    There are any number of tasks, pages and slots. A program has at each point finitely many calls
    (a [select] has several) and any number of inner steps. The latter are all that always goes on
    by itself: a branch of [choose], a page that comes off the freelist (which page a call is about
    is part of the point), and waits for things that are given in the end.

    - [Kmap p r flush] is [kmap] with [flush = true], and what a [try_kmap] with or without
      ["flush"] does where it succeeds. [Fails p r flush] is a try that fails, or a wait that gives
      up: possible only where the kmap is not.
    - [Kunmap p] drops the latest pin of the page. Without one it is skipped.
    - Stale mappings do not keep anybody from a slot, but they take up slots until a flush. While a
      slot is free, whether the stale ones are flushed is open.

    A lock that one task holds at a time needs nothing of its own: it is a series of one slot with the
    policy [none], and to take it is a kmap of some page that stands for it. A semaphore of which
    tasks take one unit at a time is such a series, too. A lock that a rule does not name is an inner
    step: it comes in the end.

    Left out: readers and writers, several units at once, atomic maps, low memory, CPUs. *)

From Coq Require Import List Arith Bool Lia.
Import ListNotations.

Inductive policy : Type := ReuseNone | ReuseOwn | ReuseAny.

Inductive call (page series : Type) : Type :=
| Kmap (p : page) (r : series) (flush : bool)
| Fails (p : page) (r : series) (flush : bool)
| Kunmap (p : page).
Arguments Kmap {page series}.
Arguments Fails {page series}.
Arguments Kunmap {page series}.

Record kernel : Type := {
  task : Type;
  page : Type;
  series : Type;
  point : Type;
  same_task : forall t u : task, {t = u} + {t <> u};
  same_page : forall p q : page, {p = q} + {p <> q};
  same_series : forall r q : series, {r = q} + {r <> q};
  slots : series -> nat;
  reuse : series -> policy;
  kept_for_holders : series -> nat;
  start : task -> point;
  (** Mappings that earlier uses have left. *)
  leftovers : list (page * series);
  calls : task -> point -> list (call page series * point);
  inner : task -> point -> point -> Prop;
  fails_or_succeeds : forall t x p r f y, In (Fails p r f, y) (calls t x) ->
    exists z, In (Kmap p r f, z) (calls t x);
  (** Who does not flush does not wait either: it is a try. *)
  no_flush_is_a_try : forall t x p r y, In (Kmap p r false, y) (calls t x) ->
    exists z, In (Fails p r false, z) (calls t x)
}.

Section OneKernel.
Context {W : kernel}.
Notation T := (task W).
Notation P := (page W).
Notation R := (series W).

Record pin : Type := { owner : T; of_page : P; asked_in : R; lies_in : R }.

(** The latest pin comes first. *)
Record state : Type := { at_point : T -> point W; pins : list pin; stale : list (P * R) }.

Definition is_task (t u : T) : bool := if same_task W t u then true else false.
Definition is_page (p q : P) : bool := if same_page W p q then true else false.
Definition is_series (r q : R) : bool := if same_series W r q then true else false.

Lemma is_task_true t u : is_task t u = true <-> t = u.
Proof. unfold is_task. destruct (same_task W t u); split; intros; congruence. Qed.
Lemma is_page_true p q : is_page p q = true <-> p = q.
Proof. unfold is_page. destruct (same_page W p q); split; intros; congruence. Qed.
Lemma is_series_true r q : is_series r q = true <-> r = q.
Proof. unfold is_series. destruct (same_series W r q); split; intros; congruence. Qed.

Definition keeps_mappings (r : R) : bool :=
  match reuse W r with ReuseNone => false | _ => true end.

(** A kmap in [r] may take a mapping that lies in [q]. *)
Definition may_take (r q : R) : bool :=
  match reuse W r with
  | ReuseNone => false
  | ReuseOwn => is_series r q
  | ReuseAny => keeps_mappings q
  end.

Definition pins_in (s : state) (r : R) : list pin := filter (fun i => is_series r (lies_in i)) (pins s).

(** Slots with users: one for each pinned page, or one for each pin where nothing is shared. *)
Definition in_use (s : state) (r : R) : nat :=
  if keeps_mappings r then length (nodup (same_page W) (map of_page (pins_in s r)))
  else length (pins_in s r).

Definition stale_in (s : state) (r : R) : nat :=
  length (filter (fun m => is_series r (snd m)) (stale s)).

Definition holder (s : state) (t : T) (r : R) : bool :=
  existsb (fun i => is_task t (owner i)) (pins_in s r).

Definition fits (s : state) (t : T) (r : R) : bool :=
  in_use s r + 1 + (if holder s t r then 0 else kept_for_holders W r) <=? slots W r.

Definition slot_free (s : state) (r : R) : bool := in_use s r + stale_in s r <? slots W r.

(** The series in which a kmap of [p] in [r] finds a mapping. *)
Definition found (s : state) (p : P) (r : R) : list R :=
  map lies_in (filter (fun i => is_page p (of_page i) && keeps_mappings (lies_in i) && may_take r (lies_in i))
    (pins s)) ++
  map snd (filter (fun m => is_page p (fst m) && may_take r (snd m)) (stale s)).

Definition not_stale (p : P) (r : R) (l : list (P * R)) : list (P * R) :=
  filter (fun m => negb (is_page p (fst m) && is_series r (snd m))) l.
Definition flushed (r : R) (l : list (P * R)) : list (P * R) :=
  filter (fun m => negb (is_series r (snd m))) l.

(** A kmap gets a mapping that lies in [q], and [l] is what is stale then. *)
Definition gets (s : state) (t : T) (p : P) (r : R) (flush : bool) (q : R) (l : list (P * R)) : Prop :=
  (In q (found s p r) /\ l = not_stale p q (stale s)) \/
  (found s p r = [] /\ fits s t r = true /\ q = r /\
    ((slot_free s r = true /\ l = stale s) \/ (flush = true /\ l = flushed r (stale s)))).

Definition granted (s : state) (t : T) (p : P) (r : R) (flush : bool) : bool :=
  match found s p r with [] => fits s t r && (flush || slot_free s r) | _ => true end.

Lemma granted_gets s t p r f : granted s t p r f = true <-> exists q l, gets s t p r f q l.
Proof.
  unfold granted, gets. destruct (found s p r) as [|q0 l0] eqn:E.
  - rewrite andb_true_iff, orb_true_iff. split.
    + intros [Hf [->|Hs]]; [exists r, (flushed r (stale s))|exists r, (stale s)]; right; auto 10.
    + intros (q & l & [[[] _]|(_ & Hf & _ & [[Hs _]|[Hs _]])]); auto 10.
  - split; [|easy]. intros _. exists q0, (not_stale p q0 (stale s)). left. simpl; auto.
Qed.

(** The pins without the latest one of that task and page; that pin. *)
Fixpoint drop (t : T) (p : P) (l : list pin) : option (pin * list pin) :=
  match l with
  | [] => None
  | i :: l =>
    if is_task t (owner i) && is_page p (of_page i) then Some (i, l)
    else match drop t p l with None => None | Some (j, m) => Some (j, i :: m) end
  end.

Definition last_user (i : pin) (l : list pin) : bool :=
  negb (existsb (fun j => is_page (of_page i) (of_page j) && is_series (lies_in i) (lies_in j)) l).

Definition moved (s : state) (t : T) (x : point W) : T -> point W :=
  fun u => if is_task t u then x else at_point s u.

Inductive step (t : T) (s : state) : state -> Prop :=
| inner_step x : inner W t (at_point s t) x ->
    step t s {| at_point := moved s t x; pins := pins s; stale := stale s |}
| kmap_step p r f x q l : In (Kmap p r f, x) (calls W t (at_point s t)) -> gets s t p r f q l ->
    step t s {| at_point := moved s t x;
                pins := {| owner := t; of_page := p; asked_in := r; lies_in := q |} :: pins s;
                stale := l |}
| fail_step p r f x : In (Fails p r f, x) (calls W t (at_point s t)) -> granted s t p r f = false ->
    step t s {| at_point := moved s t x; pins := pins s; stale := stale s |}
| kunmap_step p x i l : In (Kunmap p, x) (calls W t (at_point s t)) -> drop t p (pins s) = Some (i, l) ->
    step t s {| at_point := moved s t x; pins := l;
                stale := if keeps_mappings (lies_in i) && last_user i l
                         then (of_page i, lies_in i) :: stale s else stale s |}
| kunmap_skipped p x : In (Kunmap p, x) (calls W t (at_point s t)) -> drop t p (pins s) = None ->
    step t s {| at_point := moved s t x; pins := pins s; stale := stale s |}.

Inductive continues : state -> state -> Prop :=
| stays s : continues s s
| goes_on s t s' s'' : step t s s' -> continues s' s'' -> continues s s''.

Definition initial : state := {| at_point := start W; pins := []; stale := leftovers W |}.
Definition reachable (s : state) : Prop := continues initial s.

Definition can_move (s : state) (t : T) : Prop := exists s', step t s s'.
Definition can_ever_move (s : state) (t : T) : Prop := exists s', continues s s' /\ can_move s' t.

(** It has not come to its end. *)
Definition alive (s : state) (t : T) : Prop :=
  (exists x, inner W t (at_point s t) x) \/ calls W t (at_point s t) <> [].

(** ** What a program is asked to keep *)

(** The task waits here if there is no slot: the kmap is no try. *)
Definition asks (s : state) (t : T) (p : P) (r : R) : Prop :=
  exists f x, In (Kmap p r f, x) (calls W t (at_point s t)) /\
    forall y, ~ In (Fails p r f, y) (calls W t (at_point s t)).

(** A mapping that this very task pins can be taken: such a kmap cannot wait. *)
Definition exempt (s : state) (t : T) (p : P) (r : R) : Prop :=
  exists i, In i (pins s) /\ owner i = t /\ of_page i = p /\
    keeps_mappings (lies_in i) = true /\ may_take r (lies_in i) = true.

(** [place] is the order. Each task asks only for series later in it than all that it holds, as
    they were asked for; nobody breaks this in any state of any run. *)
Definition keeps_the_order (place : R -> nat) : Prop :=
  forall s t p r, reachable s -> asks s t p r ->
    exempt s t p r \/ forall i, In i (pins s) -> owner i = t -> place (asked_in i) < place r.

Definition drop_mine := fix drop_mine (p : P) (l : list (P * R)) : list (P * R) :=
  match l with
  | [] => []
  | m :: l => if is_page p (fst m) then l else m :: drop_mine p l
  end.

(** What a call makes of the task's own pins: pages, with the series asked for. *)
Definition own_after (c : call P R) (l : list (P * R)) : list (P * R) :=
  match c with Kmap p r _ => (p, r) :: l | Fails _ _ _ => l | Kunmap p => drop_mine p l end.

(** In some surroundings, described by which kmaps are granted there, the call can be made. *)
Definition allowed (grants : P -> R -> bool -> bool) (c : call P R) : bool :=
  match c with Kmap p r f => grants p r f | Fails p r f => negb (grants p r f) | Kunmap _ => true end.

(** In at most [k] steps the task gives back all that it holds, if it gets what it asks for: it has
    a step that takes it there, in each surrounding in which one of its calls can be made. *)
Fixpoint lets_go (t : T) (k : nat) (x : point W) (own : list (P * R)) : Prop :=
  own = [] \/
  match k with
  | 0 => False
  | S k =>
    (exists y, inner W t x y /\ lets_go t k y own) \/
    (calls W t x <> [] /\
     forall grants, existsb (fun c => allowed grants (fst c)) (calls W t x) = true ->
       exists c y, In (c, y) (calls W t x) /\ allowed grants c = true /\ lets_go t k y (own_after c own))
  end.

Definition own (s : state) (t : T) : list (P * R) :=
  map (fun i => (of_page i, asked_in i)) (filter (fun i => is_task t (owner i)) (pins s)).

Definition everybody_lets_go : Prop :=
  forall s t, reachable s -> exists k, lets_go t k (at_point s t) (own s t).

(** A set of tasks that have not ended, and none of which ever moves again. *)
Definition deadlocked (s : state) (K : T -> Prop) : Prop :=
  (exists t, K t) /\ forall t, K t -> alive s t /\ ~ can_ever_move s t.

End OneKernel.
Arguments state : clear implicits.
Arguments pin : clear implicits.
