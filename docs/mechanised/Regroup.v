(** * Sums over tasks are sums over kinds of tasks

    Of docs/proofs.md, "Stuck-core equations": "There is one unknown for each sort of waiting task:
    how many tasks of the core are of that sort." A sum over tasks of what each holds is a sum over
    kinds of how many there are, times what one holds ([sum_over_counted]). *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Invariants.
Import ListNotations.

Section Regroup.
Context {T kind : Type}.
Variable kinds : list kind.

(** An unknown for each kind, by its place on the list. *)
Definition unknowns := nat -> nat.
Definition sum_over (x : unknowns) (f : kind -> nat) : nat :=
  sum (fun i => x i * match nth_error kinds i with Some k => f k | None => 0 end) (seq 0 (length kinds)).

(** There are some of this kind in the core. *)
Definition occurs (x : unknowns) (k : kind) : Prop := exists i, nth_error kinds i = Some k /\ 0 < x i.

Definition indicator (i j : nat) : nat := if i =? j then 1 else 0.

Lemma sum_add {A : Type} (f g : A -> nat) l : sum (fun a => f a + g a) l = sum f l + sum g l.
Proof. induction l as [|a l IH]; simpl; lia. Qed.

Lemma sum_zero {A : Type} (f : A -> nat) l : (forall a, In a l -> f a = 0) -> sum f l = 0.
Proof.
  induction l as [|a l IH]; simpl; intros H; [easy|]. rewrite (H a (or_introl eq_refl)), IH; auto.
Qed.

Lemma sum_indicator (g : nat -> nat) j : forall n m, n <= j < n + m ->
  sum (fun i => indicator j i * g i) (seq n m) = g j.
Proof.
  intros n m. revert n. induction m as [|m IH]; intros n H; [lia|]. simpl.
  destruct (Nat.eq_dec j n) as [->|Hn].
  - unfold indicator at 1. rewrite Nat.eqb_refl, sum_zero; [lia|]. intros i Hi. apply in_seq in Hi.
    unfold indicator. replace (n =? i) with false by (symmetry; apply Nat.eqb_neq; lia). lia.
  - unfold indicator at 1. replace (j =? n) with false by (symmetry; apply Nat.eqb_neq; lia).
    rewrite IH by lia. lia.
Qed.

(** Each task's kind has a place on the list. *)
Lemma places (core : list T) (of : T -> kind) : (forall t, In t core -> In (of t) kinds) ->
  exists place : list (T * nat), map fst place = core /\
    forall t i, In (t, i) place -> nth_error kinds i = Some (of t).
Proof.
  induction core as [|t core IH]; intros H; [now exists []|].
  destruct IH as (place & E & Hp); [intros u Hu; apply H; now right|].
  destruct (In_nth_error _ _ (H t (or_introl eq_refl))) as [i Hi].
  exists ((t, i) :: place). split; [simpl; now rewrite E|]. intros u j [Ej|Hu]; [|auto].
  now injection Ej as <- <-.
Qed.

Definition counted (place : list (T * nat)) : unknowns := fun i => sum (fun p => indicator (snd p) i) place.

Lemma sum_over_counted place of f :
  (forall t i, In (t, i) place -> nth_error kinds i = Some (of t)) ->
  sum_over (counted place) f = sum (fun t => f (of t)) (map fst place).
Proof.
  unfold sum_over, counted. induction place as [|[t i] place IH]; intros H.
  - simpl. now apply sum_zero.
  - simpl. rewrite <- IH by (intros u j Hu; apply H; now right).
    pose proof (H t i (or_introl eq_refl)) as Hi.
    assert (Hlt : i < length kinds) by (apply nth_error_Some; congruence).
    rewrite (sum_ext _ (fun j => indicator i j * match nth_error kinds j with Some k => f k | None => 0 end +
      sum (fun p => indicator (snd p) j) place * match nth_error kinds j with Some k => f k | None => 0 end))
      by (intros; lia).
    rewrite sum_add, (sum_indicator (fun j => match nth_error kinds j with Some k => f k | None => 0 end)) by lia.
    now rewrite Hi.
Qed.

Lemma sum_positive {A : Type} (f : A -> nat) l : 0 < sum f l -> exists a, In a l /\ 0 < f a.
Proof.
  induction l as [|a l IH]; simpl; intros H; [lia|].
  destruct (f a) eqn:E; [|exists a; split; [auto|lia]]. destruct IH as (b & ? & ?); [lia|]. eauto.
Qed.

Lemma sum_at_least {A : Type} (f : A -> nat) l a : In a l -> f a <= sum f l.
Proof. induction l as [|b l IH]; simpl; [easy|]. intros [->|H]; [lia|]. specialize (IH H). lia. Qed.

Lemma occurs_counted place of : (forall t i, In (t, i) place -> nth_error kinds i = Some (of t)) ->
  forall k, occurs (counted place) k <-> exists t, In t (map fst place) /\ of t = k.
Proof.
  intros H k. split.
  - intros (i & Hi & Hx). apply sum_positive in Hx as ([t j] & Hin & Hj). unfold indicator in Hj; simpl in Hj.
    destruct (j =? i) eqn:E; [|lia]. apply Nat.eqb_eq in E as ->.
    exists t. split; [now apply (in_map fst _ _ Hin)|]. apply H in Hin. congruence.
  - intros (t & Hin & <-). apply in_map_iff in Hin as ([u i] & <- & Hin). simpl.
    exists i. split; [now apply H|]. unfold counted. eapply Nat.lt_le_trans; [|apply sum_at_least, Hin].
    unfold indicator; simpl. rewrite Nat.eqb_refl. lia.
Qed.

End Regroup.
