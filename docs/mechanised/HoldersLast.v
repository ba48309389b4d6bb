(** * The last slots for tasks that have one already: how many are enough

    Proves, of docs/the-thread.md, "The last slot only for tasks that have one already", and of
    docs/rules.md, "By equations", the formula: tasks that take at most [k] slots, one by one out of
    [P], with the last [n] < [P] for holders, cannot deadlock if (P - n)(k - 1) < P
    ([enough_slots_kept_for_holders]). Of 1024 slots one has to be kept for tasks of two slots, 513
    for tasks of three and 683 for tasks of four ([of_1024_slots]).

    About System.v with one resource that tasks ask for. Each slot has one user there: it is the
    policy [none]. Where mappings are kept, no number is enough, as the pages say. The converse, that
    fewer are not enough for enough tasks, is not here. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import System Stuck Order Invariants Equations.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).
Variable r : R.
Variable k : nat.

(** Whoever asks for something asks for one slot of [r], and has fewer than [k]. *)
Definition takes_at_most : Prop := forall (s : state W) t q m, reachable s -> asks s t q m ->
  q = r /\ m = 1 /\ holds s t r < k.

Lemma sum_at_most (f : T -> nat) l b : (forall t, In t l -> f t <= b) -> sum f l <= length l * b.
Proof.
  induction l as [|t l IH]; simpl; intros H; [lia|].
  pose proof (H t (or_introl eq_refl)). assert (sum f l <= length l * b) by auto. lia.
Qed.

Lemma holders_hold (s : state W) l : (forall u, In u l -> holds s u r < k) ->
  sum (fun t => holds s t r) l <= length (filter (fun u => negb (holds s u r =? 0)) l) * (k - 1).
Proof.
  induction l as [|u l IH]; [easy|]. intros H. simpl. specialize (H u (or_introl eq_refl)) as Hu.
  assert (Hl : sum (fun t => holds s t r) l <= length (filter (fun u => negb (holds s u r =? 0)) l) * (k - 1)).
  { apply IH. intros v Hv. apply H. now right. }
  destruct (holds s u r =? 0) eqn:E; simpl; [apply Nat.eqb_eq in E|]; lia.
Qed.

Theorem enough_slots_kept_for_holders : takes_at_most -> no_leaks (W := W) ->
  kept_for_holders W r < capacity W r ->
  (capacity W r - kept_for_holders W r) * (k - 1) < capacity W r ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros Hk Hleak Hn Hmany s Hre K HK t. destruct (K t) eqn:Ht; [|easy]. exfalso.
  destruct (finite_part_is_stuck s K t HK Ht) as (l & Hnd & Htl & Hst).
  set (holders := filter (fun u => negb (holds s u r =? 0)) l).
  (* each of them asks for a slot, has few, and the others keep it from it *)
  assert (Hask : forall u, In u l -> holds s u r < k /\
      capacity W r < used_by (among l) s r + 1 + reserve s u r).
  { intros u Hu. destruct (Hst u) as [He Hc]; [now apply among_true|].
    unfold ended in He. destruct (steps W u (at_point s u)) as [|[a p] steps_left] eqn:Es; [easy|].
    assert (Htake : exists q m, a = Take q m).
    { destruct a as [q m|q m|q m|]; [eauto| | |]; exfalso;
        assert (could_move (keepers (among l) s) s u = true) by
          (apply existsb_exists; eexists; rewrite Es; split; [now left|easy]); congruence. }
    destruct Htake as (q & m & ->).
    destruct (Hk s u q m Hre) as (-> & -> & Hfew); [exists p; rewrite Es; now left|]. split; [easy|].
    assert (Hfit : fits s u r 1 (used_by (keepers (among l) s) s r) = false).
    { destruct (fits s u r 1 (used_by (keepers (among l) s) s r)) eqn:E; [|easy].
      enough (could_move (keepers (among l) s) s u = true) by congruence.
      apply existsb_exists. exists (Take r 1, p). rewrite Es. split; [now left|easy]. }
    unfold fits in Hfit. apply Nat.leb_gt in Hfit.
    enough (used_by (keepers (among l) s) s r <= used_by (among l) s r) by lia.
    apply amount_le. intros [v q] Hv. unfold of_set; simpl. intros Hq. apply andb_true_iff in Hq as [Hkeep Hq].
    rewrite Hq, andb_true_r. unfold keepers in Hkeep. apply orb_true_iff in Hkeep as [|He']; [easy|].
    apply is_resource_true in Hq. subst q. apply holds_positive in Hv.
    specialize (Hleak s v r Hre He'). lia. }
  assert (Hused : used_by (among l) s r <= length holders * (k - 1)).
  { rewrite used_by_sum by easy. apply holders_hold. intros u Hu. now apply Hask. }
  assert (Hwho : forall u, In u holders <-> In u l /\ 0 < holds s u r).
  { intros u. unfold holders. rewrite filter_In, negb_true_iff, Nat.eqb_neq. split; intros [? ?]; split; auto; lia. }
  destruct (holders_are_bounded s Hre r holders) as [Hnone|Hfew].
  - now apply NoDup_filter.
  - intros u Hu. now apply Hwho.
  - (* nobody has a slot *)
    rewrite Hnone in Hused. simpl in Hused. destruct (Hask t Htl) as [_ Hm].
    unfold reserve in Hm. destruct (holds s t r =? 0); lia.
  - (* there are holders, and the first of them waits *)
    destruct holders as [|u rest] eqn:Eh; [simpl in *; destruct (Hask t Htl) as [_ Hm];
      unfold reserve in Hm; destruct (holds s t r =? 0); lia|].
    destruct (proj1 (Hwho u) (or_introl eq_refl)) as [Hu Hhas]. destruct (Hask u Hu) as [_ Hm].
    unfold reserve in Hm. destruct (holds s u r =? 0) eqn:E; [apply Nat.eqb_eq in E; lia|].
    assert (length (u :: rest) * (k - 1) <= (capacity W r - kept_for_holders W r) * (k - 1)).
    { apply Nat.mul_le_mono_r. lia. }
    lia.
Qed.

End OneSystem.

(** The numbers of the page: kept for tasks of two, three and four slots, and one fewer. *)
Theorem of_1024_slots :
  (1024 - 1) * (2 - 1) < 1024 /\ ~ (1024 - 0) * (2 - 1) < 1024 /\
  (1024 - 513) * (3 - 1) < 1024 /\ ~ (1024 - 512) * (3 - 1) < 1024 /\
  (1024 - 683) * (4 - 1) < 1024 /\ ~ (1024 - 682) * (4 - 1) < 1024.
Proof. repeat split; vm_compute; lia. Qed.
