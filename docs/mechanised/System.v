(** * The abstract system: tasks over counting resources

    What every other file here is about, but [Kmap.v] and those after it.

    There are any number of tasks, also infinitely many. Each has a program of its own: at each
    point a finite list of steps, so that branches, loops and waits for several things at once are
    all there. There are any number of resources. Each has a capacity, the number of its units or
    slots, and a number that it keeps for holders (0 if it keeps none). A state says where each
    task is, and who holds what.

    How this stands for docs/semantics.md:

    - a series of slots is a resource; [kmap] is [Take r 1], [kunmap] is [Give r 1];
    - a semaphore or mempool whose units are owned is a resource; [down] of [n] is [Take r n];
    - a spinlock, a mutex, a page lock is a resource of one unit;
    - a [select] is a point with several [Take]s; to choose a branch is [Silent];
    - a try, and a wait that may give up, is a point with [Take r n] and [Refused r n]. The latter
      is possible only while the former is not;
    - what may sleep but always comes back is [Silent];
    - to give back what is not held is skipped, as there.

    Stale mappings are not there: a slot with a stale mapping can be flushed and taken, so it is as
    good as a free one. What is left out: that a page which is mapped already takes no new slot
    ([Kmap.v] has it), readers and writers, queues, CPUs, and what anybody may give (completions,
    free pages, units without owner). *)

From Coq Require Import List Arith Bool Lia.
Import ListNotations.

Inductive action (resource : Type) : Type :=
| Take (r : resource) (n : nat)
| Refused (r : resource) (n : nat)
| Give (r : resource) (n : nat)
| Silent.
Arguments Take {resource}.
Arguments Refused {resource}.
Arguments Give {resource}.
Arguments Silent {resource}.

Record system : Type := {
  task : Type;
  resource : Type;
  point : Type;
  same_task : forall t u : task, {t = u} + {t <> u};
  same_resource : forall r q : resource, {r = q} + {r <> q};
  capacity : resource -> nat;
  kept_for_holders : resource -> nat;
  start : task -> point;
  steps : task -> point -> list (action resource * point);
  (** What can be refused can be granted. *)
  refused_or_granted : forall t p r n p', In (Refused r n, p') (steps t p) ->
    exists p'', In (Take r n, p'') (steps t p)
}.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

(** [held] has one entry for each unit that somebody holds. *)
Record state : Type := { at_point : T -> point W; held : list (T * R) }.

Definition is_task (t u : T) : bool := if same_task W t u then true else false.
Definition is_resource (r q : R) : bool := if same_resource W r q then true else false.

Lemma is_task_true t u : is_task t u = true <-> t = u.
Proof. unfold is_task. destruct (same_task W t u); split; intros; congruence. Qed.

Lemma is_task_refl t : is_task t t = true.
Proof. now apply is_task_true. Qed.

Lemma is_task_false t u : is_task t u = false <-> t <> u.
Proof. unfold is_task. destruct (same_task W t u); split; intros; congruence. Qed.

Lemma is_resource_true r q : is_resource r q = true <-> r = q.
Proof. unfold is_resource. destruct (same_resource W r q); split; intros; congruence. Qed.

Lemma is_resource_refl r : is_resource r r = true.
Proof. now apply is_resource_true. Qed.

Lemma is_resource_false r q : is_resource r q = false <-> r <> q.
Proof. unfold is_resource. destruct (same_resource W r q); split; intros; congruence. Qed.

(** How many entries there are of a sort. *)
Definition amount (f : T * R -> bool) (l : list (T * R)) : nat := length (filter f l).

Definition of_both (t : T) (r : R) (e : T * R) : bool := is_task t (fst e) && is_resource r (snd e).
Definition of_resource (r : R) (e : T * R) : bool := is_resource r (snd e).
(** The units of [r] that tasks of the set [K] hold. *)
Definition of_set (K : T -> bool) (r : R) (e : T * R) : bool := K (fst e) && is_resource r (snd e).

Definition holds (s : state) (t : T) (r : R) : nat := amount (of_both t r) (held s).
Definition used (s : state) (r : R) : nat := amount (of_resource r) (held s).
Definition used_by (K : T -> bool) (s : state) (r : R) : nat := amount (of_set K r) (held s).

(** A task that holds nothing of [r] leaves alone what is kept for holders. *)
Definition reserve (s : state) (t : T) (r : R) : nat :=
  if holds s t r =? 0 then kept_for_holders W r else 0.

(** A request of [n] units can be met if so many are in use. *)
Definition fits (s : state) (t : T) (r : R) (n : nat) (in_use : nat) : bool :=
  in_use + n + reserve s t r <=? capacity W r.

Definition available (s : state) (t : T) (r : R) (n : nat) : bool := fits s t r n (used s r).

Definition possible (s : state) (t : T) (a : action R) : bool :=
  match a with
  | Take r n => available s t r n
  | Refused r n => negb (available s t r n)
  | Give _ _ | Silent => true
  end.

(** [l] without the first [n] entries of one task and resource. *)
Fixpoint without (t : T) (r : R) (n : nat) (l : list (T * R)) : list (T * R) :=
  match l, n with
  | [], _ | _, 0 => l
  | e :: l, S m => if of_both t r e then without t r m l else e :: without t r n l
  end.

Definition after (t : T) (a : action R) (l : list (T * R)) : list (T * R) :=
  match a with
  | Take r n => repeat (t, r) n ++ l
  | Give r n => if n <=? amount (of_both t r) l then without t r n l else l
  | Refused _ _ | Silent => l
  end.

Definition moved (s : state) (t : T) (p : point W) : T -> point W :=
  fun u => if is_task t u then p else at_point s u.

Definition step_to (s : state) (t : T) (a : action R) (p : point W) : state :=
  {| at_point := moved s t p; held := after t a (held s) |}.

Inductive step (t : T) (s s' : state) : Prop :=
| step_by (a : action R) (p : point W)
    (in_program : In (a, p) (steps W t (at_point s t)))
    (is_possible : possible s t a = true)
    (result : s' = step_to s t a p).

Inductive continues : state -> state -> Prop :=
| stays s : continues s s
| goes_on s t s' s'' : step t s s' -> continues s' s'' -> continues s s''.

Definition initial : state := {| at_point := start W; held := [] |}.
Definition reachable (s : state) : Prop := continues initial s.

Definition ended (s : state) (t : T) : bool :=
  match steps W t (at_point s t) with [] => true | _ => false end.

Definition can_move (s : state) (t : T) : Prop := exists s', step t s s'.
Definition can_ever_move (s : state) (t : T) : Prop := exists s', continues s s' /\ can_move s' t.

Lemma continues_trans s1 s2 s3 : continues s1 s2 -> continues s2 s3 -> continues s1 s3.
Proof. induction 1; eauto using goes_on. Qed.

Lemma one_step t s s' : step t s s' -> continues s s'.
Proof. eauto using goes_on, stays. Qed.

Lemma reachable_continues s s' : reachable s -> continues s s' -> reachable s'.
Proof. apply continues_trans. Qed.

(** ** Counting entries *)

Lemma amount_app f l l' : amount f (l ++ l') = amount f l + amount f l'.
Proof. unfold amount. now rewrite filter_app, app_length. Qed.

Lemma amount_cons f e l : amount f (e :: l) = (if f e then 1 else 0) + amount f l.
Proof. unfold amount. simpl. now destruct (f e). Qed.

Lemma amount_repeat f e n : amount f (repeat e n) = if f e then n else 0.
Proof.
  induction n as [|n IH]; simpl. { now destruct (f e). }
  rewrite amount_cons, IH. now destruct (f e).
Qed.

Lemma amount_le f g l : (forall e, In e l -> f e = true -> g e = true) -> amount f l <= amount g l.
Proof.
  induction l as [|e l IH]; intros H; [easy|].
  rewrite !amount_cons. specialize (H e) as He.
  assert (amount f l <= amount g l) by (apply IH; intros; apply H; simpl; auto).
  destruct (f e); [rewrite He by (simpl; auto)|destruct (g e)]; lia.
Qed.

Lemma amount_same f g l : (forall e, In e l -> f e = g e) -> amount f l = amount g l.
Proof.
  intros H. apply Nat.le_antisymm; apply amount_le; intros e He; rewrite H by easy; easy.
Qed.

Lemma amount_positive f l : 0 < amount f l <-> exists e, In e l /\ f e = true.
Proof.
  induction l as [|e l IH]; [cbn; split; [lia|intros (? & [] & _)]|].
  rewrite amount_cons. split.
  - intros H. destruct (f e) eqn:E; [exists e; simpl; auto|].
    destruct IH as [IH _]. destruct IH as (e' & ? & ?); [lia|]. exists e'; simpl; auto.
  - intros (e' & [<-|H] & E); [rewrite E; lia|].
    destruct IH as [_ IH]. enough (0 < amount f l) by lia. eauto.
Qed.

Lemma amount_without t r n l f : n <= amount (of_both t r) l ->
  amount f l = amount f (without t r n l) + (if f (t, r) then n else 0).
Proof.
  revert n; induction l as [|e l IH]; intros n H.
  - cbn in H. replace n with 0 by lia. cbn. now destruct (f (t, r)).
  - destruct n as [|n]; [simpl; destruct (f (t, r)); auto with arith|].
    rewrite amount_cons in H. simpl. destruct (of_both t r e) eqn:E.
    + rewrite amount_cons, (IH n) by lia.
      unfold of_both in E. apply andb_true_iff in E as [E1 E2].
      apply is_task_true in E1. apply is_resource_true in E2. subst.
      destruct e as [t r]; simpl. destruct (f (t, r)); lia.
    + rewrite !amount_cons, (IH (S n)) by lia. lia.
Qed.

(** What a step makes of amounts: only the stepping task's entries of one resource change. *)
Lemma amount_after_other t a l f : (forall r, f (t, r) = false) -> amount f (after t a l) = amount f l.
Proof.
  intros H. destruct a as [r n|r n|r n|]; simpl; try easy.
  - rewrite amount_app, amount_repeat, H. easy.
  - destruct (n <=? _) eqn:E; [|easy]. apply Nat.leb_le in E.
    rewrite (amount_without t r n l f E), H. lia.
Qed.

Lemma holds_after_other s t a p u r : t <> u -> holds (step_to s t a p) u r = holds s u r.
Proof.
  intros H. unfold holds; simpl. apply amount_after_other. intros q. unfold of_both; simpl.
  destruct (is_task u t) eqn:E; [apply is_task_true in E; congruence|easy].
Qed.

Lemma at_point_other s t a p u : t <> u -> at_point (step_to s t a p) u = at_point s u.
Proof. intros H. simpl. unfold moved. apply is_task_false in H. now rewrite H. Qed.

Lemma at_point_self s t a p : at_point (step_to s t a p) t = p.
Proof. simpl. unfold moved. now rewrite is_task_refl. Qed.

Lemma ended_other s t a p u : t <> u -> ended (step_to s t a p) u = ended s u.
Proof. intros H. unfold ended. now rewrite at_point_other. Qed.

Lemma step_other s s' t u : step t s s' -> t <> u ->
  at_point s' u = at_point s u /\ (forall r, holds s' u r = holds s u r) /\ ended s' u = ended s u.
Proof.
  intros [a p _ _ ->] H.
  split; [now apply at_point_other|split; [intros; now apply holds_after_other|now apply ended_other]].
Qed.

Lemma moves_not_ended s s' t : step t s s' -> ended s t = false.
Proof. intros [a p H _ _]. unfold ended. now destruct (steps W t (at_point s t)). Qed.

Lemma used_by_le_used K s r : used_by K s r <= used s r.
Proof.
  apply amount_le. intros e _ H. apply andb_true_iff in H. easy.
Qed.

Lemma used_by_mono (K L : T -> bool) s r :
  (forall t, K t = true -> L t = true) -> used_by K s r <= used_by L s r.
Proof.
  intros H. apply amount_le. intros e _ E. unfold of_set in *. apply andb_true_iff in E as [E1 E2].
  now rewrite H, E2.
Qed.

Lemma holds_positive s t r : 0 < holds s t r <-> In (t, r) (held s).
Proof.
  unfold holds. rewrite amount_positive. split.
  - intros ([u q] & H & E). apply andb_true_iff in E as [E1 E2].
    apply is_task_true in E1. apply is_resource_true in E2. simpl in *. now subst.
  - intros H. exists (t, r). split; [easy|]. unfold of_both; simpl.
    now rewrite is_task_refl, is_resource_refl.
Qed.

(** Nobody but those of [K] holds anything of [r]. *)
Lemma used_by_all (K : T -> bool) s r :
  (forall t, 0 < holds s t r -> K t = true) -> used_by K s r = used s r.
Proof.
  intros H. apply amount_same. intros [t q] E. unfold of_set, of_resource; simpl.
  destruct (is_resource r q) eqn:Q; [|now destruct (K t)].
  apply is_resource_true in Q; subst. rewrite H; [easy|]. now apply holds_positive.
Qed.

Lemma used_by_positive (K : T -> bool) s r :
  0 < used_by K s r -> exists t, K t = true /\ 0 < holds s t r.
Proof.
  intros H. apply amount_positive in H as ([t q] & H & E). unfold of_set in E; simpl in E.
  apply andb_true_iff in E as [E Q]. apply is_resource_true in Q; subst q.
  exists t. split; [easy|]. now apply holds_positive.
Qed.

End OneSystem.
Arguments state : clear implicits.
