(** * An order of series is enough, where no kmap takes a mapping of another series

    Proves, of docs/rules.md, "By order", for the machine of Kmap.v: if

    - no series has the policy [any],
    - each series has more slots than it keeps for holders,
    - each task asks only for series later in one order than all that it holds, or for a page that
      it pins itself where that pin would do ([keeps_the_order]),
    - each task that gets what it asks for goes on, and in the end gives back what it holds
      ([everybody_lets_go]),

    then from every state of every run there is a continuation at whose end no slot is in use, and
    every task that has not ended can still move: no deadlock, and nobody starves. Any number of
    tasks, pages and slots; pages private or shared, freed and allocated again, with whatever
    leftovers. Tries are free, as in docs/semantics.md: they do not ask, but what they take is held.
    Locks of the rule are among the series (Kmap.v).

    [no_deadlock_in_order] is the statement without continuations: no set of tasks that have not
    ended is such that none of it ever moves again. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Kmap.
Import ListNotations.

Section OneKernel.
Context {W : kernel}.
Notation T := (task W).
Notation P := (page W).
Notation R := (series W).

(** ** Steps change only what is the task's own *)

Definition of_task (t : T) (l : list (pin W)) : list (P * R) :=
  map (fun i => (of_page i, asked_in i)) (filter (fun i => is_task t (owner i)) l).
Definition of_others (t : T) (l : list (pin W)) : list (pin W) :=
  filter (fun i => negb (is_task t (owner i))) l.

Lemma is_task_refl (t : T) : is_task t t = true.
Proof. now apply is_task_true. Qed.

Lemma is_task_other (t u : T) : t <> u -> is_task t u = false.
Proof. intros H. destruct (is_task t u) eqn:E; [|easy]. apply is_task_true in E. congruence. Qed.

Lemma drop_some t p : forall l i l', drop (W := W) t p l = Some (i, l') ->
  drop_mine p (of_task t l) = of_task t l' /\ of_others t l' = of_others t l /\
  (forall j, In j l' -> In j l).
Proof.
  induction l as [|j l IH]; simpl; intros i l' H; [easy|].
  unfold of_task, of_others in *. simpl. destruct (is_task t (owner j)) eqn:Et; simpl in *.
  - destruct (is_page p (of_page j)) eqn:Ep.
    + injection H as <- <-. auto.
    + destruct (drop t p l) as [[k m]|]; [|easy]. injection H as <- <-. simpl. rewrite Et; simpl.
      destruct (IH k m eq_refl) as (-> & H2 & H3). repeat split; auto. intros x [->|Hx]; auto.
  - destruct (drop t p l) as [[k m]|]; [|easy]. injection H as <- <-. simpl. rewrite Et; simpl.
    destruct (IH k m eq_refl) as (H1 & -> & H3). repeat split; auto. intros x [->|Hx]; auto.
Qed.

Lemma drop_none t p : forall l, drop (W := W) t p l = None -> drop_mine p (of_task t l) = of_task t l.
Proof.
  unfold of_task. induction l as [|j l IH]; simpl; intros H; [easy|].
  destruct (is_task t (owner j)); simpl in *.
  - destruct (is_page p (of_page j)); [easy|]. destruct (drop t p l) as [[k m]|]; [easy|].
    now rewrite IH.
  - destruct (drop t p l) as [[k m]|]; [easy|]. auto.
Qed.

Lemma moved_self s t x : moved (W := W) s t x t = x.
Proof. unfold moved. now rewrite is_task_refl. Qed.

Lemma step_others s s' t : step (W := W) t s s' ->
  of_others t (pins s') = of_others t (pins s) /\
  forall u, t <> u -> at_point s' u = at_point s u.
Proof.
  intros H. split.
  - destruct H as [| | |p x i l _ Hd|]; simpl; try easy.
    + now rewrite is_task_refl.
    + now apply (drop_some t p (pins s) i l).
  - intros u Hu. destruct H; simpl; unfold moved; now rewrite is_task_other.
Qed.

Lemma of_task_others t u l : t <> u -> of_task u l = of_task u (of_others t l).
Proof.
  intros H. unfold of_task, of_others. induction l as [|i l IH]; simpl; [easy|].
  destruct (is_task t (owner i)) eqn:E; simpl.
  - apply is_task_true in E. rewrite <- E. rewrite is_task_other by congruence. easy.
  - destruct (is_task u (owner i)); simpl; now rewrite IH.
Qed.

Lemma continues_trans s1 s2 s3 : continues (W := W) s1 s2 -> continues s2 s3 -> continues s1 s3.
Proof. induction 1; eauto using goes_on. Qed.

Lemma stays_or_can_move s s' t : continues (W := W) s s' ->
  can_ever_move s t \/ at_point s' t = at_point s t.
Proof.
  induction 1 as [s|s u s1 s2 Hs Hc IH]; [now right|].
  destruct (same_task W u t) as [->|Hn].
  - left. exists s. split; [constructor|]. now exists s1.
  - destruct IH as [(s' & Hc' & Hm)|E].
    + left. exists s'. split; [eapply goes_on; eauto|easy].
    + right. rewrite E. now apply (step_others s s1 u Hs).
Qed.

(** ** A slot in use has a user *)

Lemma in_use_user s r : 0 < in_use (W := W) s r -> exists i, In i (pins s) /\ lies_in i = r.
Proof.
  intros H. assert (Hne : pins_in s r <> []).
  { intros E. unfold in_use in H. rewrite E in H. simpl in H. destruct (keeps_mappings r); simpl in H; lia. }
  destruct (pins_in s r) as [|i l] eqn:E; [easy|]. exists i.
  assert (Hi : In i (pins_in s r)) by (rewrite E; now left).
  apply filter_In in Hi as [? Hi]. apply is_series_true in Hi. auto.
Qed.

(** ** The theorem *)

Variable place : R -> nat.
Variable places : nat.
Hypothesis places_enough : forall r, place r < places.
Hypothesis no_series_mixes : forall r, reuse W r <> ReuseAny.
Hypothesis slots_enough : forall r, kept_for_holders W r < slots W r.
Hypothesis order_kept : keeps_the_order (W := W) place.
Hypothesis all_let_go : everybody_lets_go (W := W).

Lemma may_take_own (r q : R) : may_take r q = true -> q = r.
Proof.
  unfold may_take. specialize (no_series_mixes r). destruct (reuse W r); try easy.
  intros H. now apply is_series_true in H.
Qed.

Lemma found_own s p r q : In q (found (W := W) s p r) -> q = r.
Proof.
  unfold found. intros H. apply in_app_iff in H as [H|H]; apply in_map_iff in H as (x & <- & H);
    apply filter_In in H as [_ H]; rewrite ?andb_true_iff in H; now apply may_take_own.
Qed.

Lemma lies_where_asked s : reachable (W := W) s -> forall i, In i (pins s) -> lies_in i = asked_in i.
Proof.
  assert (H : forall s s', continues (W := W) s s' ->
      (forall i, In i (pins s) -> lies_in i = asked_in i) ->
      forall i, In i (pins s') -> lies_in i = asked_in i).
  { induction 1 as [|s0 t s1 s2 Hs _ IH]; [easy|]. intros H. apply IH.
    destruct Hs as [| p r f x q l _ [[Hq _]|(_ & _ & -> & _)] | |p x i l _ Hd|]; simpl; auto.
    - apply found_own in Hq as ->. intros i [<-|Hi]; auto.
    - intros i [<-|Hi]; auto.
    - intros j Hj. apply H. now apply (drop_some t p (pins s0) i l). }
  intros Hre. eapply H; eauto. simpl. easy.
Qed.

(** What keeps a task from its step lies later in the order than all it holds; others hold it. *)
Lemma kept_from_it s t : reachable s -> calls W t (at_point s t) <> [] ->
  existsb (fun c => allowed (granted (W := W) s t) (fst c)) (calls W t (at_point s t)) = false ->
  exists i, In i (pins s) /\ owner i <> t /\
    forall j, In j (pins s) -> owner j = t -> place (lies_in j) < place (lies_in i).
Proof.
  intros Hre Hne Hno.
  assert (Hall : forall c x, In (c, x) (calls W t (at_point s t)) -> allowed (granted s t) c = false).
  { intros c x Hin. destruct (allowed (granted s t) c) eqn:E; [|easy].
    enough (existsb (fun c => allowed (granted s t) (fst c)) (calls W t (at_point s t)) = true) by congruence.
    apply existsb_exists. now exists (c, x). }
  destruct (calls W t (at_point s t)) as [|[c x] l] eqn:Ec; [easy|]. rewrite <- Ec in *.
  assert (Hin : In (c, x) (calls W t (at_point s t))) by (rewrite Ec; now left).
  assert (Hk : exists p r f y, In (Kmap p r f, y) (calls W t (at_point s t))).
  { destruct c as [p r f|p r f|p]; [eauto| |].
    - destruct (fails_or_succeeds W t _ p r f x Hin) as (z & Hz). eauto.
    - specialize (Hall _ _ Hin). easy. }
  destruct Hk as (p & r & f & y & Hk). specialize (Hall _ _ Hk) as Hg. simpl in Hg.
  assert (Hnf : forall z, ~ In (Fails p r f, z) (calls W t (at_point s t))).
  { intros z Hz. specialize (Hall _ _ Hz). simpl in Hall. rewrite Hg in Hall. easy. }
  assert (f = true) as ->.
  { destruct f; [easy|]. destruct (no_flush_is_a_try W t _ p r y Hk) as (z & Hz). now destruct (Hnf z). }
  unfold granted in Hg. destruct (found s p r) eqn:Ef; [|easy]. simpl in Hg. rewrite andb_true_r in Hg.
  assert (Hask : asks s t p r) by (exists true, y; auto).
  destruct (order_kept s t p r Hre Hask) as [(i & Hi & Hoi & Hpi & Hki & Hmi)|Hless].
  - exfalso. enough (In (lies_in i) (found s p r)) by (rewrite Ef in *; easy).
    unfold found. apply in_app_iff. left. apply in_map_iff. exists i. split; [easy|].
    apply filter_In. split; [easy|]. rewrite Hki, Hmi.
    assert (is_page p (of_page i) = true) as -> by now apply is_page_true. easy.
  - unfold fits in Hg. apply Nat.leb_gt in Hg. specialize (slots_enough r).
    destruct (in_use_user s r) as (i & Hi & Hl). { destruct (holder s t r); lia. }
    exists i. rewrite Hl. split; [easy|]. split.
    + intros Ho. specialize (Hless i Hi Ho). rewrite <- (lies_where_asked s Hre i Hi), Hl in Hless. lia.
    + intros j Hj Hoj. rewrite (lies_where_asked s Hre j Hj). auto.
Qed.

Lemma allowed_step s t c x : In (c, x) (calls W t (at_point s t)) ->
  allowed (granted (W := W) s t) c = true -> exists s', step t s s' /\
    at_point s' t = x /\ of_task t (pins s') = own_after c (of_task t (pins s)).
Proof.
  intros Hin Ha. destruct c as [p r f|p r f|p]; simpl in Ha.
  - apply granted_gets in Ha as (q & l & Hg).
    eexists. split; [eapply kmap_step; eauto|]. simpl. rewrite moved_self. split; [easy|].
    unfold of_task. simpl. now rewrite is_task_refl.
  - apply negb_true_iff in Ha. eexists. split; [eapply fail_step; eauto|]. simpl. now rewrite moved_self.
  - destruct (drop t p (pins s)) as [[i l]|] eqn:E.
    + eexists. split; [eapply kunmap_step; eauto|]. simpl. rewrite moved_self. split; [easy|].
      symmetry. now apply (drop_some t p (pins s) i l).
    + eexists. split; [eapply kunmap_skipped; eauto|]. simpl. rewrite moved_self. split; [easy|].
      symmetry. now apply drop_none.
Qed.

(** Nothing of the task's own lies at a place of [k] or later. *)
Definition nothing_from (k : nat) (t : T) (s : state W) : Prop :=
  forall i, In i (pins s) -> owner i = t -> place (lies_in i) < k.

Lemma nothing_from_dec k t s : {nothing_from k t s} + {exists i, In i (pins s) /\ owner i = t /\ k <= place (lies_in i)}.
Proof.
  destruct (existsb (fun i => is_task t (owner i) && (k <=? place (lies_in i))) (pins s)) eqn:E.
  - right. apply existsb_exists in E as (i & Hi & E). apply andb_true_iff in E as [E1 E2].
    apply is_task_true in E1. apply Nat.leb_le in E2. eauto.
  - left. intros i Hi Ho. destruct (Nat.lt_ge_cases (place (lies_in i)) k) as [|Hk]; [easy|].
    exfalso. enough (existsb (fun i => is_task t (owner i) && (k <=? place (lies_in i))) (pins s) = true) by congruence.
    apply existsb_exists. exists i. split; [easy|]. subst t. rewrite is_task_refl. now apply Nat.leb_le.
Qed.

(** A task that holds something at [k], where nobody else has anything later, can give it back. *)
Lemma gives_back k t : forall n s, reachable s -> lets_go t n (at_point s t) (of_task t (pins s)) ->
  (forall i, In i (pins s) -> owner i <> t -> place (lies_in i) <= k) ->
  exists s', continues s s' /\ nothing_from k t s' /\ of_others t (pins s') = of_others t (pins s).
Proof.
  assert (holds_something : forall s, (exists i, In i (pins s) /\ owner i = t /\ k <= place (lies_in i)) ->
      of_task t (pins s) <> []).
  { intros s (i & Hi & Ho & _) E. apply (in_nil (a := (of_page i, asked_in i))). rewrite <- E.
    apply in_map_iff. exists i. split; [easy|]. apply filter_In. subst t. now rewrite is_task_refl. }
  induction n as [|n IH]; intros s Hre Hlet Hothers.
  - destruct (nothing_from_dec k t s) as [H|H]; [exists s; repeat split; auto using stays|].
    destruct Hlet as [E|[]]. now destruct (holds_something s H).
  - destruct (nothing_from_dec k t s) as [H|H]; [exists s; repeat split; auto using stays|].
    destruct Hlet as [E|Hlet]; [now destruct (holds_something s H)|].
    assert (Hstep : exists s1, step t s s1 /\ lets_go t n (at_point s1 t) (of_task t (pins s1))).
    { destruct Hlet as [(y & Hy & Hlet)|[Hne Hlet]].
      - exists {| at_point := moved s t y; pins := pins s; stale := stale s |}.
        split; [now apply inner_step|]. simpl. now rewrite moved_self.
      - specialize (Hlet (granted s t)).
        destruct (existsb (fun c => allowed (granted s t) (fst c)) (calls W t (at_point s t))) eqn:Ee.
        + destruct (Hlet eq_refl) as (c & y & Hin & Ha & Hl).
          destruct (allowed_step s t c y Hin Ha) as (s1 & Hs1 & Hp & Ho). exists s1. split; [easy|].
          now rewrite Hp, Ho.
        + exfalso. destruct (kept_from_it s t Hre Hne Ee) as (i & Hi & Hio & Hless).
          destruct H as (j & Hj & Hoj & Hkj). specialize (Hless j Hj Hoj). specialize (Hothers i Hi Hio). lia. }
    destruct Hstep as (s1 & Hs1 & Hlet1). destruct (step_others s s1 t Hs1) as [Ho1 _].
    destruct (IH s1) as (s' & Hc & Hn & Ho); [|easy| |].
    + eapply continues_trans; [exact Hre|]. eapply goes_on; [eassumption|constructor].
    + intros i Hi Hn. apply Hothers; [|easy].
      assert (Hin : In i (of_others t (pins s1))).
      { apply filter_In. split; [easy|]. now rewrite is_task_other by congruence. }
      rewrite Ho1 in Hin. now apply filter_In in Hin.
    + exists s'. split; [eapply goes_on; eauto|]. split; [easy|]. congruence.
Qed.

Definition count_from (k : nat) (l : list (pin W)) : nat :=
  length (filter (fun i => k <=? place (lies_in i)) l).

Lemma count_from_zero k l : count_from k l = 0 <-> forall i, In i l -> place (lies_in i) < k.
Proof.
  unfold count_from. induction l as [|i l IH]; simpl; [easy|].
  destruct (k <=? place (lies_in i)) eqn:E; simpl.
  - split; [easy|]. intros H. apply Nat.leb_le in E. specialize (H i (or_introl eq_refl)). lia.
  - apply Nat.leb_gt in E. rewrite IH. split; [intros H j [<-|Hj]|]; auto.
Qed.

Lemma count_from_le k l : count_from k l <= length l.
Proof.
  unfold count_from. induction l as [|i l IH]; simpl; [easy|]. destruct (k <=? place (lies_in i)); simpl; lia.
Qed.

Lemma count_from_split k t l :
  count_from k l = count_from k (of_others t l) + count_from k (filter (fun i => is_task t (owner i)) l).
Proof.
  unfold count_from, of_others. induction l as [|i l IH]; simpl; [easy|].
  destruct (is_task t (owner i)); simpl; destruct (k <=? place (lies_in i)); simpl; lia.
Qed.

(** Nothing is held at a place of [k] or later, if so already of [k + 1]. *)
Lemma clears_place k : forall n s, count_from k (pins s) <= n -> reachable s ->
  (forall i, In i (pins s) -> place (lies_in i) <= k) ->
  exists s', continues s s' /\ forall i, In i (pins s') -> place (lies_in i) < k.
Proof.
  induction n as [|n IH]; intros s Hn Hre Hle.
  - exists s. split; [constructor|]. apply count_from_zero. lia.
  - destruct (count_from k (pins s)) as [|m] eqn:Em.
    + exists s. split; [constructor|]. now apply count_from_zero.
    + assert (Hex : exists i, In i (pins s) /\ k <= place (lies_in i)).
      { unfold count_from in Em. destruct (filter (fun i => k <=? place (lies_in i)) (pins s)) as [|i l] eqn:Ef; [easy|].
        exists i. assert (Hi : In i (filter (fun i => k <=? place (lies_in i)) (pins s))) by (rewrite Ef; now left).
        apply filter_In in Hi as [? Hi]. apply Nat.leb_le in Hi. auto. }
      destruct Hex as (i & Hi & Hki). set (t := owner i).
      destruct (all_let_go s t Hre) as [d Hd].
      destruct (gives_back k t d s Hre Hd) as (s1 & Hc1 & Hn1 & Ho1). { intros j Hj _. now apply Hle. }
      assert (Hmine : count_from k (filter (fun i => is_task t (owner i)) (pins s1)) = 0).
      { apply count_from_zero. intros j Hj. apply filter_In in Hj as [Hj Et]. apply is_task_true in Et. now apply Hn1. }
      assert (Hhad : 0 < count_from k (filter (fun i => is_task t (owner i)) (pins s))).
      { destruct (count_from k (filter (fun i => is_task t (owner i)) (pins s))) eqn:E; [|lia].
        rewrite count_from_zero in E. specialize (E i). exfalso.
        enough (place (lies_in i) < k) by lia. apply E. apply filter_In. split; [easy|]. apply is_task_refl. }
      pose proof (count_from_split k t (pins s)) as E. pose proof (count_from_split k t (pins s1)) as E1.
      rewrite Ho1 in E1.
      destruct (IH s1) as (s' & Hc' & H'); [lia| | |].
      * eapply continues_trans; eauto.
      * intros j Hj. destruct (same_task W (owner j) t) as [Et|Et].
        { specialize (Hn1 j Hj Et). lia. }
        apply Hle. assert (Hin : In j (of_others t (pins s1))).
        { apply filter_In. split; [easy|]. now rewrite is_task_other by congruence. }
        rewrite Ho1 in Hin. now apply filter_In in Hin.
      * exists s'. split; [eapply continues_trans; eauto|easy].
Qed.

Theorem everything_comes_back (s : state W) : reachable s ->
  exists s', continues s s' /\ pins s' = [].
Proof.
  assert (H : forall m s, reachable s -> exists s', continues s s' /\
      forall i, In i (pins s') -> place (lies_in i) < places - m).
  { induction m as [|m IH]; intros s0 Hre.
    - exists s0. split; [constructor|]. intros i _. specialize (places_enough (lies_in i)). lia.
    - destruct (IH s0 Hre) as (s1 & Hc1 & H1).
      destruct (clears_place (places - S m) (length (pins s1)) s1) as (s2 & Hc2 & H2).
      + apply count_from_le.
      + eapply continues_trans; eauto.
      + intros i Hi. specialize (H1 i Hi). lia.
      + exists s2. split; [eapply continues_trans; eauto|easy]. }
  intros Hre. destruct (H places s Hre) as (s' & Hc & Hz). exists s'. split; [easy|].
  destruct (pins s') as [|i l]; [easy|]. specialize (Hz i (or_introl eq_refl)). lia.
Qed.

Theorem every_task_can_move_again (s : state W) : reachable s ->
  forall t, alive s t -> can_ever_move s t.
Proof.
  intros Hre t Ht. destruct (everything_comes_back s Hre) as (s' & Hc & Hz).
  destruct (stays_or_can_move s s' t Hc) as [|E]; [easy|].
  exists s'. split; [easy|]. unfold alive in Ht. rewrite <- E in Ht.
  destruct Ht as [(x & Hx)|Hne]; [eexists; now apply inner_step with (x := x)|].
  destruct (existsb (fun c => allowed (granted s' t) (fst c)) (calls W t (at_point s' t))) eqn:Ee.
  - apply existsb_exists in Ee as ([c x] & Hin & Ha).
    destruct (allowed_step s' t c x Hin Ha) as (s'' & Hs & _). now exists s''.
  - destruct (kept_from_it s' t) as (i & Hi & _); try easy.
    + eapply continues_trans; eauto.
    + rewrite Hz in Hi. easy.
Qed.

Theorem no_deadlock_in_order (s : state W) : reachable s -> forall K, ~ deadlocked s K.
Proof.
  intros Hre K [[t Ht] H]. destruct (H t Ht) as [Ha Hn]. now apply Hn, every_task_can_move_again.
Qed.

End OneKernel.
