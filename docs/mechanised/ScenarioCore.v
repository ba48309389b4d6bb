(** * Certificates of scenarios, checked from end to end: why equations are enough

    About Scenario.v. Proves, of docs/proofs.md, "Stuck-core equations": if [proves_by_equations] of
    ScenarioEquations.v says yes to a list of local states, and to what the certificate has for each
    set of things that are waited for in circles, no state of any run has a stuck set
    ([equations_never_stuck]), and in none are all stopped before their end
    ([equations_somebody_moves]). Without loops, all come to their ends ([equations_everybody_ends]).
    For any number of tasks that the scenario leaves open, of slots and of units. *)

From Coq Require Import List ZArith Arith Bool Lia Relations.
From Kmapcheck Require Import Components Refutation Scenario UnitsInvariant SlotsInvariant Closed HoldersInvariant
  Ordered Ends ScenarioEquations.
Import ListNotations.

Section OneScenario.
Variable P : scenario.
Variable instances : nat -> option nat.
Variable Y : sizes.
Hypothesis they_fit : fits P Y.
Local Notation waiting := (ScenarioEquations.waiting P).
Local Notation want_of := (ScenarioEquations.want_of P).
Local Notation is_accounted_for := (ScenarioEquations.is_accounted_for P).
Local Notation missing := (ScenarioEquations.missing P).
Local Notation kept_amount := (ScenarioEquations.kept_amount P).
Local Notation own_amount := (ScenarioEquations.own_amount P).
Local Notation unties := (ScenarioEquations.unties P instances).

(** ** Tasks that are stopped *)

Lemma nothing_keeps_nothing x v : has_nothing x = true -> keeps x v = false.
Proof.
  unfold has_nothing. destruct (maps x) eqn:Em, (held x) eqn:Eh, (locked x) eqn:El; try easy.
  intros _. unfold keeps, has_pin, is_locked. rewrite Em, Eh, El. now destruct v as [s b|l [] n|p].
Qed.

Section Stopped.
Variable st : state.
Variable ls : list local.
Variable ks : list knot.
Hypothesis accepted : proves_by_equations P instances ls ks = true.
Hypothesis is_sound : sound P Y st.
Hypothesis listed : forall x, In x (tasks st) -> In x ls.
Hypothesis stopped : forall x, In x (tasks st) -> ended x = false -> steps P Y st x = [].
Hypothesis few_units : forall l, total_held (tasks st) (Shared l) Units <= units_in Y l.
Hypothesis few_tasks : forall m n, instances m = Some n -> total (fun x => one_if (runs x =? m)) (tasks st) <= n.
Hypothesis few_pins : forall s, bounds_holders P (mapped_on P ls) ls s = true ->
  total (fun x => one_if (has_pin x s)) (tasks st) <= slots_in Y s - for_holders (series_of P s).

Let elsewhere := mapped_on P ls.
Let hs := filter (bounds_holders P elsewhere ls) (seq 0 (length (all_series P))).
Let ws := waiting elsewhere ls.
Let there := filter (fun x => negb (ended x)) (tasks st).
Let want (x : local) : wanted := match want_of x with Some w => w | None => APageLock 0 end.

Lemma in_there x : In x there <-> In x (tasks st) /\ ended x = false.
Proof. unfold there. now rewrite filter_In, negb_true_iff. Qed.

Lemma accounted x : In x (tasks st) -> is_accounted_for elsewhere x = true.
Proof.
  intros Hx. unfold proves_by_equations in accepted. rewrite !andb_true_iff in accepted.
  destruct accepted as [[[_ H] _] _]. rewrite forallb_forall in H. now apply H, listed.
Qed.

Lemma stopped_wants x : In x there ->
  want_of x = Some (want x) /\ is_there_at_all P (want x) = true /\ In (x, want x) ws.
Proof.
  intros Hx. apply in_there in Hx as [Hx He]. pose proof (accounted x Hx) as Ha. unfold is_accounted_for in Ha.
  rewrite He in Ha. specialize (stopped x Hx He).
  assert (Hn : never_waits P elsewhere x = false).
  { unfold never_waits. unfold steps in stopped. destruct (possible_ways P Y st x) eqn:Ep; [|easy]. rewrite stopped.
    destruct (goes_on P elsewhere x) eqn:G; [|easy]. now apply (goes_on_steps P elsewhere Y st x is_sound Hx) in G. }
  rewrite Hn in Ha. simpl in Ha. unfold want. destruct (want_of x) as [w|] eqn:E; [|easy].
  split; [easy|]. split; [easy|]. unfold ws, waiting. apply in_flat_map. exists x. split; [now apply listed|].
  rewrite He, Hn, E. now left.
Qed.

Lemma stopped_calls x : In x there -> exists o, waits_for P x o = Some (want x) /\
  forall v, In v (operation_ways P x o) -> impossible P Y st x v.
Proof.
  intros Hx. destruct (stopped_wants x Hx) as (Hw & _ & _). apply (want_of_call P) in Hw as (o & Ho & Hw).
  exists o. split; [easy|]. apply in_there in Hx as [Hx He]. specialize (stopped x Hx He). unfold steps in stopped.
  apply calls_impossible; [|easy|now intros ->]. now destruct (possible_ways P Y st x).
Qed.

Lemma keepers_are_there u v : In u (tasks st) -> keeps u v = true -> In u there.
Proof.
  intros Hu Hk. apply in_there. split; [easy|]. pose proof (accounted u Hu) as Ha. unfold is_accounted_for in Ha.
  destruct (ended u); [|easy]. apply (nothing_keeps_nothing u v) in Ha. congruence.
Qed.

Lemma somebody_there_keeps x : In x there -> exists u, In u there /\ keeps u (want x) = true.
Proof.
  intros Hx. destruct (stopped_calls x Hx) as (o & Hw & Hi). destruct (stopped_wants x Hx) as (_ & Ht & _).
  destruct (somebody_keeps P Y they_fit st x o (want x) Hw Ht Hi) as (u & Hu & Hk).
  exists u. split; [now apply keepers_are_there with (want x)|easy].
Qed.

(** [E] is what some of them wait for: it hangs together, and nothing leaves it. *)
Section Component.
Variable E : list wanted.
Hypothesis waited : forall a, In a E -> exists u, In u there /\ want u = a.
Hypothesis nothing_leaves : forall a u, In a E -> In u there -> keeps u a = true -> In (want u) E.
Hypothesis together : forall a b, In a E -> In b E ->
  clos_refl_trans wanted (fun a b => exists u, In u there /\ keeps u a = true /\ want u = b) a b.

Lemma in_things a : In a E -> In a (things ws).
Proof.
  intros Ha. destruct (waited a Ha) as (u & Hu & <-). apply nodup_In.
  apply in_map_iff. exists (u, want u). split; [easy|]. now apply stopped_wants.
Qed.

Lemma in_edges a u : In a E -> In u there -> keeps u a = true -> In (a, want u) (edges ws).
Proof.
  intros Ha Hu Hk. unfold edges. apply in_flat_map. exists (u, want u). split; [now apply stopped_wants|].
  apply in_map_iff. exists a. split; [easy|]. apply filter_In. split; [now apply in_things|easy].
Qed.

Lemma paths_stay (Q : wanted -> Prop) a b :
  (forall a u, In a E -> Q a -> In u there -> keeps u a = true -> Q (want u)) ->
  clos_refl_trans wanted (fun a b => exists u, In u there /\ keeps u a = true /\ want u = b) a b ->
  In a E -> Q a -> In b E /\ Q b.
Proof.
  intros Hq H. apply clos_rt_rt1n in H. induction H as [a|a b c (u & Hu & Hk & <-) _ IH]; [auto|].
  intros Ha Hqa. apply IH; [now apply (nothing_leaves a)|now apply (Hq a)].
Qed.

Lemma somebody_leads_to b : In b E -> exists a u, In a E /\ In u there /\ keeps u a = true /\ want u = b.
Proof.
  intros Hb. destruct (waited b Hb) as (t & Ht & Et). destruct (somebody_there_keeps t Ht) as (u & Hu & Hk).
  rewrite Et in Hk. pose proof (nothing_leaves b u Hb Hu Hk) as HuE.
  pose proof (together (want u) b HuE Hb) as Hp. apply clos_rt_rtn1 in Hp.
  inversion Hp as [Heq|c b' (u' & Hu' & Hk' & Ew) Hc]; subst.
  - exists (want u), u. repeat split; try easy; congruence.
  - exists c, u'. split; [|easy]. apply clos_rtn1_rt in Hc.
    apply (paths_stay (fun _ => True) (want u) c); auto.
Qed.

Lemma same_members : forall a, is_in a (filter (fun a => is_in a E) (things ws)) = true <-> In a E.
Proof.
  intros a. rewrite is_in_true, filter_In, is_in_true. split; [easy|]. intros H. split; [now apply in_things|easy].
Qed.

Lemma does_not_fall_apart : falls_apart (edges ws) (filter (fun a => is_in a E) (things ws)) = false.
Proof.
  set (E' := filter _ _). assert (HE : forall a, is_in a E' = true <-> In a E) by apply same_members.
  destruct (falls_apart (edges ws) E') eqn:F; [exfalso|easy]. apply orb_true_iff in F as [F|F].
  - apply existsb_exists in F as (a & Ha & F). apply is_in_true, HE in Ha.
    set (S := Nat.iter (length E') (spread (edges ws) E') [a]) in F. rewrite !andb_true_iff in F.
    destruct F as [[Ha' Hc] Hn]. apply negb_true_iff in Hn.
    assert (forallb (fun b => is_in b S) E' = true); [|congruence].
    apply forallb_forall. intros b Hb. apply is_in_true, HE in Hb.
    apply (paths_stay (fun b => is_in b S = true) a b); auto.
    intros c u Hc' HS Hu Hk. unfold closed_in in Hc. rewrite forallb_forall in Hc.
    specialize (Hc _ (in_edges c u Hc' Hu Hk)). simpl in Hc. rewrite HS in Hc.
    assert (is_in (want u) E' = true) as Hin by (apply HE; now apply (nothing_leaves c)).
    now rewrite Hin in Hc.
  - apply existsb_exists in F as (b & Hb & F). apply is_in_true, HE in Hb. apply negb_true_iff in F.
    destruct (somebody_leads_to b Hb) as (a & u & Ha & Hu & Hk & Hw).
    assert (existsb (fun e => is_wanted b (snd e) && is_in (fst e) E') (edges ws) = true); [|congruence].
    apply existsb_exists. exists (a, want u). split; [now apply in_edges|]. simpl. apply andb_true_iff.
    split; [now apply is_wanted_true|now apply HE].
Qed.

Lemma is_not_untied k : unties hs ws (filter (fun a => is_in a E) (things ws)) k = false.
Proof.
  set (E' := filter _ _). assert (HE : forall a, is_in a E' = true <-> In a E) by apply same_members.
  destruct (unties hs ws E' k) eqn:U; [exfalso|easy]. unfold unties in U. rewrite !andb_true_iff in U.
  destruct U as [[_ Hrows] Hwhy]. rewrite forallb_forall in Hrows.
  set (core := filter (fun u => in_core E' (u, want u)) there).
  assert (Hcore : forall u, In u core <-> In u there /\ In (want u) E /\ exists a, In a E /\ keeps u a = true).
  { intros u. unfold core. rewrite filter_In. unfold in_core; simpl. rewrite andb_true_iff, HE, existsb_exists.
    split; intros (H1 & H2 & a & H3 & H4); (split; [easy|split; [easy|exists a; split; [|easy]]]).
    - now apply HE, is_in_true.
    - now apply is_in_true, HE. }
  assert (Hin : forall u, In u core -> In (u, want u) (filter (in_core E') ws)).
  { intros u Hu. unfold core in Hu. apply filter_In in Hu as [Hu Hc]. apply filter_In. split; [|easy].
    now apply stopped_wants. }
  apply (refuted_constraints_have_no_solution _ _ Hwhy (counted_as k core)); [apply counted_as_nonnegative|].
  intros q Hq. specialize (Hrows q Hq). unfold meets. rewrite sum_of_factors. unfold follows in Hrows.
  assert (Hpart : forall f, total f core <= total f (tasks st)).
  { intros f. unfold core, there. eapply Nat.le_trans; [apply total_filter_le|apply total_filter_le]. }
  destruct (is_at_least q).
  - apply existsb_exists in Hrows as (r & Hr & H). apply is_in_true, HE in Hr.
    assert (Hall : forall f, (forall u, f u <= kept_amount u r) -> total f (tasks st) <= total f core).
    { intros f Hf. unfold core, there. rewrite <- filter_and. apply total_filter. intros u Hu Hn.
      destruct (f u) as [|n] eqn:Ek; [easy|exfalso]. specialize (Hf u).
      assert (Hk : keeps u r = true) by (apply (kept_amount_keeps P); lia).
      pose proof (keepers_are_there u r Hu Hk) as Hut.
      assert (Huc : In u core) by (apply Hcore; split; [easy|]; split; [now apply (nothing_leaves r)|eauto]).
      unfold core in Huc. apply filter_In in Huc as [_ Huc]. apply in_there in Hut as [_ Hut].
      rewrite Hut, Huc in Hn. easy. }
    destruct (waited r Hr) as (t & Ht & Et). destruct (stopped_calls t Ht) as (o & Hwo & Hi). rewrite Et in Hwo.
    rewrite !orb_true_iff in H. destruct H as [[H|H]|H];
      apply andb_true_iff in H as [Hb Hc]; apply Z.leb_le in Hb; rewrite forallb_forall in Hc.
    + pose proof (sum_z_total (fun u => one_if (is_wanted (want u) r)) (factor_of k q) core) as Hs.
      assert (1 <= total (fun u => one_if (is_wanted (want u) r)) core).
      { destruct (somebody_leads_to r Hr) as (a & u & Ha & Hu & Hk & Hw).
        assert (Huc : In u core) by (apply Hcore; split; [easy|]; rewrite Hw; eauto).
        pose proof (total_at_least (fun u => one_if (is_wanted (want u) r)) core u Huc) as Hone. simpl in Hone.
        assert (is_wanted (want u) r = true) as E1 by now apply is_wanted_true. rewrite E1 in Hone. exact Hone. }
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))). lia.
    + pose proof (sum_z_total (fun u => kept_amount u r) (factor_of k q) core) as Hs.
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))).
      pose proof (missing_is_kept P Y they_fit st t o r Hwo Hi). specialize (Hall (fun u => kept_amount u r) ltac:(easy)). lia.
    + pose proof (sum_z_total (fun u => own_amount u r) (factor_of k q) core) as Hs.
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))).
      pose proof (missing_is_kept_beside_pages P Y they_fit st t o r Hwo Hi).
      specialize (Hall (fun u => own_amount u r) (fun u => own_amount_kept P u r)). lia.
  - rewrite !orb_true_iff in Hrows. destruct Hrows as [[[H|H]|H]|H]; apply existsb_exists in H as (m & Hm & H).
    + destruct (instances m) as [n|] eqn:En; [|easy]. apply andb_true_iff in H as [Hb Hc].
      apply Z.leb_le in Hb. rewrite forallb_forall in Hc.
      pose proof (total_sum_z (fun u => one_if (runs u =? m)) (factor_of k q) core) as Hs.
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))).
      specialize (few_tasks m n En). specialize (Hpart (fun u => one_if (runs u =? m))). lia.
    + destruct (nth m (locks P) None) as [n|] eqn:En; [|easy]. apply andb_true_iff in H as [Hb Hc].
      apply Z.leb_le in Hb. rewrite forallb_forall in Hc.
      pose proof (total_sum_z (fun u => amount (Shared m, Units) (held u)) (factor_of k q) core) as Hs.
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))).
      specialize (few_units m). unfold total_held in few_units.
      specialize (Hpart (fun u => amount (Shared m, Units) (held u))).
      pose proof (units_fit P Y they_fit m) as Hf. rewrite En in Hf. lia.
    + destruct (slots (series_of P m)) as [n|] eqn:En; [|easy]. rewrite !andb_true_iff in H. destruct H as [[Hk Hb] Hc].
      apply Z.leb_le in Hb. rewrite forallb_forall in Hc.
      pose proof (total_sum_z (fun u => own_slots P u m) (factor_of k q) core) as Hs.
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))).
      specialize (Hpart (fun u => own_slots P u m)). pose proof (slots_sound P Y st is_sound Hk m) as Hu. unfold in_use in Hu.
      pose proof (slots_fit P Y they_fit m) as Hf. rewrite En in Hf. lia.
    + destruct (slots (series_of P m)) as [n|] eqn:En; [|easy]. apply andb_true_iff in H as [Hb Hc].
      apply Z.leb_le in Hb. rewrite forallb_forall in Hc. apply filter_In in Hm as [_ Hm].
      pose proof (total_sum_z (fun u => one_if (has_pin u m)) (factor_of k q) core) as Hs.
      specialize (Hs (fun u Hu => proj1 (Z.leb_le _ _) (Hc _ (Hin u Hu)))).
      specialize (Hpart (fun u => one_if (has_pin u m))). specialize (few_pins m Hm).
      pose proof (slots_fit P Y they_fit m) as Hf. rewrite En in Hf. lia.
Qed.
End Component.

Lemma nobody_is_there : forall x, In x there -> False.
Proof.
  intros t Ht.
  set (all := nodup wanted_eq (map want there)).
  set (edge := fun a b => existsb (fun u => keeps u a && is_wanted (want u) b) there).
  assert (Hall : forall u, In u there -> In (want u) all) by (intros u Hu; apply nodup_In; now apply in_map).
  assert (Hedge : forall a b, edge a b = true <-> exists u, In u there /\ keeps u a = true /\ want u = b).
  { intros a b. unfold edge. rewrite existsb_exists. split.
    - intros (u & Hu & H). apply andb_true_iff in H as [Hk Hw]. apply is_wanted_true in Hw. eauto.
    - intros (u & Hu & Hk & Hw). exists u. split; [easy|]. now rewrite Hk, (proj2 (is_wanted_true _ _) Hw). }
  destruct (there_is_a_last_component wanted_eq edge all) as (E & Hne & _ & Hin & Hclosed & Hpath).
  { apply NoDup_nodup. }
  { intros En. specialize (Hall t Ht). now rewrite En in Hall. }
  assert (Hwaited : forall a, In a E -> exists u, In u there /\ want u = a).
  { intros a Ha. apply Hin, nodup_In, in_map_iff in Ha as (u & ? & ?). eauto. }
  assert (Hleaves : forall a u, In a E -> In u there -> keeps u a = true -> In (want u) E).
  { intros a u Ha Hu Hk. apply (Hclosed a (want u)); [easy|now apply Hall|]. apply Hedge. eauto. }
  assert (Htogether : forall a b, In a E -> In b E ->
      clos_refl_trans wanted (fun a b => exists u, In u there /\ keeps u a = true /\ want u = b) a b).
  { intros a b Ha Hb. specialize (Hpath a b Ha Hb). unfold path in Hpath.
    clear Ha Hb. induction Hpath as [a b H|a|a b c _ IH1 _ IH2].
    - apply rt_step. now apply Hedge.
    - apply rt_refl.
    - now apply rt_trans with b. }
  pose proof accepted as H. unfold proves_by_equations in H. rewrite !andb_true_iff in H. destruct H as [_ H].
  rewrite forallb_forall in H. specialize (H _ (filter_in_subsets (fun a => is_in a E) _)).
  unfold is_excluded in H. fold elsewhere in H. fold ws in H. fold hs in H.
  assert (Hnot : filter (fun a => is_in a E) (things ws) <> []).
  { destruct E as [|a E'] eqn:EE; [easy|]. intros Hnil.
    assert (Ha : In a (filter (fun b => is_in b (a :: E')) (things ws))).
    { apply filter_In. split; [|now apply is_in_true; left]. apply (in_things (a :: E')); [easy|now left]. }
    now rewrite Hnil in Ha. }
  pose proof (does_not_fall_apart E Hwaited Hleaves Htogether) as H1.
  pose proof (is_not_untied E Hwaited Hleaves Htogether) as H2.
  destruct (filter (fun a => is_in a E) (things ws)) eqn:Ef; [easy|]. rewrite H1 in H. simpl in H.
  apply existsb_exists in H as (k & _ & H). specialize (H2 k). congruence.
Qed.
End Stopped.
End OneScenario.

(** ** What a certificate proves *)

(** No more tasks run a program than it has instances. *)
Definition within_instances (instances : nat -> option nat) (ts : list nat) : Prop :=
  forall m n, instances m = Some n -> count_occ Nat.eq_dec ts m <= n.

Lemma runs_counted ts xs m : map runs xs = ts -> total (fun x => one_if (runs x =? m)) xs = count_occ Nat.eq_dec ts m.
Proof.
  intros <-. unfold total. induction xs as [|x xs IH]; simpl; [easy|]. rewrite IH.
  destruct (Nat.eq_dec (runs x) m) as [->|Hne]; [now rewrite Nat.eqb_refl|].
  apply Nat.eqb_neq in Hne. now rewrite Hne.
Qed.

Section Proved.
Variable P : scenario.
Variable instances : nat -> option nat.
Variable ls : list local.
Variable ks : list knot.
Hypothesis accepted : proves_by_equations P instances ls ks = true.
Variable Z : sizes.
Variable ts : list nat.
Hypothesis they_fit : fits P Z.
Hypothesis programs_there : tasks_of P ts.
Hypothesis few : within_instances instances ts.

Lemma on_list st : reachable P Z ts st -> forall x, In x (tasks st) -> In x ls.
Proof.
  intros Hst. pose proof accepted as H. unfold proves_by_equations in H. rewrite !andb_true_iff in H.
  destruct H as [[[H _] _] _].
  now destruct (every_task_is_on_the_list P _ Z they_fit ls H ts programs_there st Hst).
Qed.

Lemma pins_bounded st s : reachable P Z ts st -> bounds_holders P (mapped_on P ls) ls s = true ->
  total (fun x => one_if (has_pin x s)) (tasks st) <= slots_in Z s - for_holders (series_of P s).
Proof.
  intros Hst Hb. pose proof accepted as H. unfold proves_by_equations in H. rewrite !andb_true_iff in H.
  destruct H as [[[H _] _] _]. exact (few_holders P _ Z they_fit ls H s Hb ts st programs_there Hst).
Qed.

Theorem equations_never_stuck st : reachable P Z ts st ->
  forall K, stuck P Z K st -> forall i x, nth_error (tasks st) i = Some x -> K i = false.
Proof.
  intros Hst K HK i x Hi. destruct (K i) eqn:E; [exfalso|easy].
  apply (nobody_is_there P instances Z they_fit (only K st) ls ks accepted) with (x := x).
  - apply only_sound. now apply (runs_are_sound P Z ts).
  - intros y Hy. apply in_those in Hy as (j & _ & Hj). apply nth_error_In in Hj. now apply (on_list st).
  - intros y Hy _. apply in_those in Hy as (j & Hk & Hj). now apply (HK j y).
  - intros l. eapply Nat.le_trans; [apply total_those|]. now apply (no_more_units_than_there_are P Z ts).
  - intros m n Hm. eapply Nat.le_trans; [apply total_those|].
    rewrite (runs_counted ts) by now apply (each_runs_its_program P Z). now apply few.
  - intros s Hs. eapply Nat.le_trans; [apply total_those|]. now apply pins_bounded.
  - apply filter_In. split; [now apply (those_in K (tasks st) 0 i)|].
    destruct (HK i x E Hi) as [He _]. now rewrite He.
Qed.

Theorem equations_somebody_moves st : reachable P Z ts st ->
  (exists x, In x (tasks st) /\ ended x = false) -> exists st', step P Z st st'.
Proof.
  intros Hst (x & Hx & He). destruct (successors P Z st) as [|st' l] eqn:E.
  - exfalso. apply (nobody_is_there P instances Z they_fit st ls ks accepted) with (x := x).
    + now apply (runs_are_sound P Z ts).
    + now apply on_list.
    + now apply no_successors_no_steps.
    + now apply (no_more_units_than_there_are P Z ts).
    + intros m n Hm. rewrite (runs_counted ts) by now apply (each_runs_its_program P Z). now apply few.
    + intros s. now apply pins_bounded.
    + apply filter_In. now rewrite He.
  - exists st'. apply successors_are_the_steps. rewrite E. now left.
Qed.

Theorem equations_everybody_ends : every_program_ends P = true -> forall st, reachable P Z ts st ->
  exists st', continues P Z st st' /\ forall x, In x (tasks st') -> ended x = true.
Proof. intros He. apply where_somebody_moves_all_end; [easy|]. exact equations_somebody_moves. Qed.
End Proved.
