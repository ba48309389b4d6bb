(** * What is true in every state of every run

    Of docs/proofs.md, "Stuck-core equations", the parts that are not about stuck tasks:
    - [no_more_is_used_than_there_is];
    - [holders_are_bounded]: in a series that keeps [n] of [P] slots for holders, at most [P - n]
      tasks have a slot if [P] is more than [n], and none if it is not. As many may be kept as there
      are, or more: then nobody ever has one.

    The latter holds here because every slot has one user (System.v). Where a kmap takes a mapping
    that is there already it is false, as the page says. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import System Stuck.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

Lemma used_after s t a p r :
  used (W := W) (step_to s t a p) r <= used s r + match a with Take q n => if is_resource r q then n else 0 | _ => 0 end.
Proof.
  unfold used; simpl. destruct a as [q n|q n|q n|]; simpl; try lia.
  - rewrite amount_app, amount_repeat. unfold of_resource at 1; simpl. destruct (is_resource r q); lia.
  - destruct (n <=? _) eqn:E; [|lia]. apply Nat.leb_le in E.
    rewrite (amount_without t q n (held s) (of_resource r) E). lia.
Qed.

(** What holds at first and is kept by every step holds in every state of every run. *)
Lemma always (I : state W -> Prop) : I initial ->
  (forall s t s', I s -> step t s s' -> I s') -> forall s, reachable s -> I s.
Proof.
  intros H0 Hs. assert (H : forall s s', continues (W := W) s s' -> I s -> I s').
  { induction 1; eauto. }
  intros s Hre. eapply H; eauto.
Qed.

Theorem no_more_is_used_than_there_is (s : state W) : reachable s ->
  forall r, used s r <= capacity W r.
Proof.
  revert s. apply (always (fun s => forall r, used s r <= capacity W r)).
  - intros r. cbn. lia.
  - intros s t s' H [a p _ Hp ->] r. specialize (H r). pose proof (used_after s t a p r) as Ha.
    destruct a as [q n|q n|q n|]; try lia. destruct (is_resource r q) eqn:E; [|lia].
    apply is_resource_true in E as <-. simpl in Hp. unfold available, fits in Hp. apply Nat.leb_le in Hp. lia.
Qed.

Fixpoint sum {A : Type} (f : A -> nat) (l : list A) : nat :=
  match l with [] => 0 | a :: l => f a + sum f l end.

Lemma sum_le {A : Type} (f g : A -> nat) l : (forall a, In a l -> f a <= g a) -> sum f l <= sum g l.
Proof.
  induction l as [|a l IH]; simpl; intros H; [lia|].
  pose proof (H a (or_introl eq_refl)). assert (sum f l <= sum g l) by auto. lia.
Qed.

Lemma sum_ext {A : Type} (f g : A -> nat) l : (forall a, In a l -> f a = g a) -> sum f l = sum g l.
Proof. intros H. apply Nat.le_antisymm; apply sum_le; intros a Ha; rewrite H; auto. Qed.

Lemma sum_one {A : Type} (l : list A) : sum (fun _ => 1) l = length l.
Proof. induction l; simpl; auto. Qed.

(** What some tasks hold together. *)
Lemma used_by_sum (s : state W) r l : NoDup l -> used_by (among l) s r = sum (fun t => holds s t r) l.
Proof.
  induction 1 as [|t l Ht _ IH].
  - unfold used_by, amount. simpl. induction (held s) as [|e h IHh]; [easy|]. simpl. unfold of_set at 1.
    now destruct (among [] (fst e)) eqn:E; [apply among_true in E|].
  - simpl. rewrite <- IH. unfold used_by, holds. induction (held s) as [|[u q] h IHh]; [easy|].
    rewrite !amount_cons, IHh. unfold of_set, of_both; simpl.
    destruct (is_resource r q); rewrite ?andb_false_r, ?andb_true_r; [|lia].
    destruct (is_task t u) eqn:E.
    + apply is_task_true in E as <-.
      assert (among (t :: l) t = true) as -> by (apply among_true; now left).
      assert (among l t = false) as -> by now apply among_false. lia.
    + apply is_task_false in E. replace (among (t :: l) u) with (among l u); [lia|].
      destruct (among l u) eqn:Eu; symmetry.
      * apply among_true. right. now apply among_true.
      * apply among_false. intros [|Hu]; [easy|]. apply among_true in Hu. congruence.
Qed.

(** Tasks that hold something of [r] are no more than units of [r] in use. *)
Lemma holders_are_at_most_used (s : state W) r l : NoDup l ->
  (forall t, In t l -> 0 < holds s t r) -> length l <= used s r.
Proof.
  intros Hnd H. rewrite <- (sum_one l). transitivity (sum (fun t => holds s t r) l).
  - now apply sum_le.
  - rewrite <- used_by_sum by easy. apply used_by_le_used.
Qed.

Lemma length_filter_other (t : T) l : NoDup l -> In t l ->
  length l = S (length (filter (fun u => negb (is_task t u)) l)).
Proof.
  induction 1 as [|u l Hu Hnd IH]; intros Hin; [easy|]. simpl. destruct (is_task t u) eqn:E; simpl.
  - apply is_task_true in E as <-. f_equal. clear IH Hin Hnd. induction l as [|v l IH]; [easy|]. simpl.
    destruct (is_task t v) eqn:E; simpl.
    + apply is_task_true in E as <-. destruct Hu. now left.
    + rewrite <- IH; [easy|]. intros H. apply Hu. now right.
  - destruct Hin as [->|Hin]; [now rewrite is_task_refl in E|]. f_equal. auto.
Qed.

Definition holders_bound (s : state W) : Prop := forall r l, NoDup l ->
  (forall t, In t l -> 0 < holds s t r) -> l = [] \/ length l + kept_for_holders W r <= capacity W r.

Theorem holders_are_bounded (s : state W) : reachable s -> holders_bound s.
Proof.
  revert s. apply (always holders_bound).
  - intros r [|t l] _ H; [now left|]. specialize (H t (or_introl eq_refl)). cbn in H. lia.
  - intros s t s' H Hs r l Hnd Hl. pose proof Hs as [a p _ Hp ->].
    assert (Hother : forall u, In u l -> u <> t -> 0 < holds s u r).
    { intros u Hu Hn. rewrite <- (holds_after_other s t a p) by congruence. auto. }
    destruct (in_dec (same_task W) t l) as [Ht|Ht].
    + destruct (holds s t r) as [|m] eqn:Em; [|apply H; auto; intros u Hu;
        destruct (same_task W u t) as [->|]; [lia|auto]].
      (* the task's first unit of r *)
      right. assert (Hm : exists n, a = Take r (S n)).
      { specialize (Hl t Ht). unfold holds in Hl, Em; simpl in Hl. destruct a as [q n|q n|q n|]; simpl in Hl; try lia.
        - rewrite amount_app, amount_repeat, Em in Hl. unfold of_both in Hl; simpl in Hl.
          rewrite is_task_refl in Hl; simpl in Hl. destruct (is_resource r q) eqn:E; [|lia].
          apply is_resource_true in E as <-. destruct n; [lia|]. eauto.
        - destruct (n <=? _) eqn:E; [|lia]. apply Nat.leb_le in E.
          pose proof (amount_without t q n (held s) (of_both t r) E). lia. }
      destruct Hm as [n ->]. simpl in Hp. unfold available, fits, reserve in Hp. apply Nat.leb_le in Hp.
      rewrite Em in Hp; simpl in Hp.
      pose proof (length_filter_other t l Hnd Ht) as Hlen.
      pose proof (holders_are_at_most_used s r (filter (fun u => negb (is_task t u)) l)) as Hle.
      enough (length (filter (fun u => negb (is_task t u)) l) <= used s r) by lia. apply Hle.
      * now apply NoDup_filter.
      * intros u Hu. apply filter_In in Hu as [Hu E]. apply negb_true_iff, is_task_false in E. auto.
    + apply H; auto. intros u Hu. apply Hother; auto. congruence.
Qed.

End OneSystem.
