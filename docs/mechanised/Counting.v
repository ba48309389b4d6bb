(** * Counted states: how many tasks are where

    Proves, of docs/search.md, "Counted states", and of docs/reductions.md, "Quotients": tasks are
    told apart by nothing but their local states, so a state may say how many tasks are in each.
    [named_step_is_counted] and [counted_step_is_named]: the two are bisimilar, step by step.
    [counted_runs_have_the_same_lengths]: a counted state is reached in [n] steps exactly if some
    named state that counts so is; so all shortest lengths agree, and whatever can be said of a
    state without naming a task ([shortest_lengths_agree]).

    Said of any system in which a step looks at one task's local state and at the world, and
    changes both, and the local states of all other tasks in one way, the same for all (a flush
    takes away stale mappings; a freed page lets names dangle). Which template a task is of is part
    of its local state.

    Left out: that pages have no number either; and how local states and worlds are written. *)

From Coq Require Import List Arith Lia Permutation.
Import ListNotations.

Section Counting.
Context {world local label : Type} (same : forall a b : local, {a = b} + {a <> b}).

(** [takes w l a w' l' others]: with world [w], a task in [l] can take a step [a]; the world is then
    [w'], the task in [l'], and every other task goes from [x] to [others x]. *)
Variable takes : world -> local -> label -> world -> local -> (local -> local) -> Prop.

(** A named state: the world, and each task's local state, task by task. *)
Definition named : Type := world * list local.

Inductive named_step (a : label) : named -> named -> Prop :=
| by_task w before l after w' l' others : takes w l a w' l' others ->
    named_step a (w, before ++ l :: after) (w', map others before ++ l' :: map others after).

(** A counted state: the world, and how many tasks are in each local state. *)
Definition counted : Type := world * (local -> nat).

Definition counts (l : list local) (c : local -> nat) : Prop := forall x, c x = count_occ same l x.

Inductive counted_step (a : label) : counted -> counted -> Prop :=
| by_some w c l rest w' l' others c' : counts (l :: rest) c -> takes w l a w' l' others ->
    counts (l' :: map others rest) c' -> counted_step a (w, c) (w', c').

Definition counts_as (s : named) (q : counted) : Prop := fst s = fst q /\ counts (snd s) (snd q).

Lemma counts_permutation l l' c : Permutation l l' -> counts l c -> counts l' c.
Proof. intros Hp H x. rewrite (H x). now apply Permutation_count_occ. Qed.

Lemma counts_same l l' c : counts l c -> counts l' c -> Permutation l l'.
Proof. intros H H'. apply (Permutation_count_occ same). intros x. now rewrite <- (H x), <- (H' x). Qed.

(** Every named state counts as some counted one, and as one only. *)
Lemma counted_once s : exists q, counts_as s q.
Proof. exists (fst s, count_occ same (snd s)). now split. Qed.

(** What a counted step makes of the numbers, where it changes nothing for the others. *)
Lemma counted_step_moves_one (c c' : local -> nat) l rest l' : counts (l :: rest) c ->
  counts (l' :: map (fun x => x) rest) c' ->
  forall x, c' x + (if same l x then 1 else 0) = c x + (if same l' x then 1 else 0).
Proof.
  rewrite map_id. intros H H' x. rewrite (H x), (H' x). simpl. destruct (same l x), (same l' x); lia.
Qed.

Theorem named_step_is_counted (s s' : named) (a : label) (q : counted) :
  counts_as s q -> named_step a s s' -> exists q', counted_step a q q' /\ counts_as s' q'.
Proof.
  intros [Hw Hc] Hs. destruct Hs as [w before l after w' l' others Ht]. destruct q as [v c]. simpl in *. subst v.
  exists (w', count_occ same (map others before ++ l' :: map others after)). split; [|now split].
  apply by_some with (l := l) (rest := before ++ after) (l' := l') (others := others); [|easy|].
  - eapply counts_permutation; [|exact Hc]. symmetry. apply Permutation_middle.
  - intros x. apply Permutation_count_occ. rewrite map_app. symmetry. apply Permutation_middle.
Qed.

Theorem counted_step_is_named (s : named) (a : label) (q q' : counted) :
  counts_as s q -> counted_step a q q' -> exists s', named_step a s s' /\ counts_as s' q'.
Proof.
  intros [Hw Hc] Hs. destruct Hs as [w c l rest w' l' others c' Hl Ht Hl']. destruct s as [v tasks]. simpl in *. subst v.
  pose proof (counts_same _ _ _ Hl Hc) as Hp.
  assert (Hin : In l tasks) by (apply (Permutation_in l Hp); now left).
  apply in_split in Hin as (before & after & ->).
  exists (w', map others before ++ l' :: map others after). split; [now constructor|]. split; [easy|]. simpl.
  eapply counts_permutation; [|exact Hl'].
  transitivity (l' :: map others (before ++ after)).
  - constructor. apply Permutation_map. apply Permutation_cons_app_inv with (a := l). exact Hp.
  - rewrite map_app. apply Permutation_middle.
Qed.

(** ** Lengths *)

Inductive named_run : nat -> named -> named -> Prop :=
| named_here s : named_run 0 s s
| named_on n a s s' s'' : named_step a s s' -> named_run n s' s'' -> named_run (S n) s s''.

Inductive counted_run : nat -> counted -> counted -> Prop :=
| counted_here q : counted_run 0 q q
| counted_on n a q q' q'' : counted_step a q q' -> counted_run n q' q'' -> counted_run (S n) q q''.

Theorem counted_runs_have_the_same_lengths (n : nat) (s : named) (q : counted) :
  counts_as s q ->
  (forall s', named_run n s s' -> exists q', counted_run n q q' /\ counts_as s' q') /\
  (forall q', counted_run n q q' -> exists s', named_run n s s' /\ counts_as s' q').
Proof.
  revert s q. induction n as [|n IH]; intros s q H; split.
  - intros s' Hr. inversion Hr; subst. exists q. split; [constructor|easy].
  - intros q' Hr. inversion Hr; subst. exists s. split; [constructor|easy].
  - intros s'' Hr. inversion Hr as [|m a s0 s1 s2 Hs Hr']; subst.
    destruct (named_step_is_counted s s1 a q H Hs) as (q1 & Hq & H1).
    destruct (IH s1 q1 H1) as [Hn _]. destruct (Hn s'' Hr') as (q2 & Hq2 & H2).
    exists q2. split; [eapply counted_on; eauto|easy].
  - intros q'' Hr. inversion Hr as [|m a q0 q1 q2 Hs Hr']; subst.
    destruct (counted_step_is_named s a q q1 H Hs) as (s1 & Hs1 & H1).
    destruct (IH s1 q1 H1) as [_ Hn]. destruct (Hn q'' Hr') as (s2 & Hs2 & H2).
    exists s2. split; [eapply named_on; eauto|easy].
Qed.

(** A finding, said of named states without naming a task, and of counted ones. *)
Theorem shortest_lengths_agree (named_shows : named -> Prop) (counted_shows : counted -> Prop) :
  (forall s q, counts_as s q -> (named_shows s <-> counted_shows q)) ->
  forall s q, counts_as s q -> forall n,
    (exists s', named_run n s s' /\ named_shows s') <-> (exists q', counted_run n q q' /\ counted_shows q').
Proof.
  intros Hshows s q H n. destruct (counted_runs_have_the_same_lengths n s q H) as [Hn Hc]. split.
  - intros (s' & Hr & Hs). destruct (Hn s' Hr) as (q' & Hq & H'). exists q'. split; [easy|]. now apply (Hshows s').
  - intros (q' & Hr & Hs). destruct (Hc q' Hr) as (s' & Hr' & H'). exists s'. split; [easy|]. now apply (Hshows s' q').
Qed.
End Counting.
