(** * Stuck-core equations where several tasks have one page mapped

    Proves, of docs/proofs.md, "Stuck-core equations", for the machine of Kmap.v: "A slot of a page
    that several tasks know may be pinned by many of them at once. Such pins count in the first sum,
    each as a slot, and not in the second: both can only make the proof fail, never make it wrong. A
    shared page lies in one slot of a series, whoever maps it; so what the core holds of a series in
    E in slots of its own is at least what makes it unavailable, less the number of shared pages."

    [stuck_tasks_solve_the_equations_of_series], [no_solution_nobody_stuck_on_series]; and tasks that
    cannot move where a run ends are stuck in this sense ([who_cannot_move_is_stuck]). A page may be
    private to a task ([private]) or be on the list of shared ones. A slot is a task's own if its
    page is private to it, or if the series shares none (policy [none]).

    What is called stuck here is more than is stuck by the semantics: that nobody else can map the
    page either is not asked for. So what has no solution is excluded all the same. The bound on
    holders is not among the inequalities: docs/proofs.md says where it may be, Invariants.v proves
    it where slots have one user. As there, tasks that end with a pin are not judged: slots that are
    not held by stuck tasks count as given back. *)

From Coq Require Import List Arith Bool Lia Relations.
From Kmapcheck Require Import Components Regroup Kmap KmapInvariants.
From Kmapcheck Require Invariants.
Import ListNotations.

Section OneKernel.
Context {W : kernel}.
Notation T := (task W).
Notation P := (page W).
Notation R := (series W).
Notation sum := Invariants.sum.

Context {templates : Type} (same_template : forall a b : templates, {a = b} + {a <> b}).
Variable template_of : T -> templates.
Variable instances : templates -> option nat.
Hypothesis instances_counted : forall m n, instances m = Some n ->
  forall l, NoDup l -> (forall t, In t l -> template_of t = m) -> length l <= n.

Variable private : T -> P -> bool.
Variable shared : list P.
Hypothesis leftovers_fit : fitting (initial (W := W)).
Hypothesis private_is : forall (s : state W) i t, reachable s -> In i (pins s) ->
  private t (of_page i) = true -> owner i = t.
Hypothesis private_or_shared : forall (s : state W) i, reachable s -> In i (pins s) ->
  private (owner i) (of_page i) = true \/ In (of_page i) shared.

Definition among (l : list T) (t : T) : bool := if in_dec (same_task W) t l then true else false.
Definition pins_of (s : state W) (l : list T) : list (pin W) := filter (fun i => among l (owner i)) (pins s).

(** What one task has in [r]: pins, and slots that are its own. *)
Definition lying (s : state W) (t : T) (r : R) : nat := length (lie_in r (pins_of s [t])).
Definition own_pins (s : state W) (t : T) : list (pin W) :=
  filter (fun i => private t (of_page i) || negb (keeps_mappings (lies_in i))) (pins_of s [t]).
Definition own (s : state W) (t : T) (r : R) : nat := use (own_pins s t) r.

(** Each of them waits for slots, of which those that they hold together leave none for it. *)
Definition stuck_on_series (s : state W) (l : list T) : Prop := NoDup l /\ forall t, In t l ->
  calls W t (at_point s t) <> [] /\
  forall c x, In (c, x) (calls W t (at_point s t)) -> exists p r, c = Kmap p r true /\
    slots W r < use (pins_of s l) r + 1 + if lying s t r =? 0 then kept_for_holders W r else 0.

Record kind : Type := { of_template : templates; waits_for : R; has : R -> nat; has_own : R -> nat }.
Variable kinds : list kind.
Variable kind_of : state W -> T -> kind.
Hypothesis kinds_complete : forall (s : state W) t, reachable s ->
  calls W t (at_point s t) <> [] ->
  (forall c x, In (c, x) (calls W t (at_point s t)) -> exists p r, c = Kmap p r true) ->
  let k := kind_of s t in
  In k kinds /\ of_template k = template_of t /\
  (exists p x, In (Kmap p (waits_for k) true, x) (calls W t (at_point s t))) /\
  forall r, has k r = lying s t r /\ has_own k r = own s t r.

Local Notation sum_over := (sum_over kinds).
Local Notation occurs := (occurs kinds).

(** What is kept from a kind, where it has no pin. *)
Definition kept_from (k : kind) : nat := if has k (waits_for k) =? 0 then kept_for_holders W (waits_for k) else 0.

Record solution (E : list R) (x : nat -> nat) : Prop := {
  waited_for : forall r, In r E <-> exists k, occurs x k /\ waits_for k = r;
  not_nothing : E <> [];
  hangs_together : forall r q, In r E -> In q E ->
    clos_refl_trans R (fun a b => exists k, occurs x k /\ 0 < has k a /\ waits_for k = b) r q;
  (** Each pin counts as a slot. *)
  missing : forall k, occurs x k ->
    slots W (waits_for k) < sum_over x (fun k' => has k' (waits_for k)) + 1 + kept_from k;
  (** Their own slots, and one for each shared page. *)
  missing_beside_shared : forall k, occurs x k ->
    slots W (waits_for k) < sum_over x (fun k' => has_own k' (waits_for k)) + length shared + 1 + kept_from k;
  no_more_than_there_is : forall r, sum_over x (fun k => has_own k r) <= slots W r;
  few_instances : forall m n, instances m = Some n ->
    sum_over x (fun k => if same_template (of_template k) m then 1 else 0) <= n
}.

(** ** Pins, task by task *)

Lemma among_true l t : among l t = true <-> In t l.
Proof. unfold among. destruct (in_dec (same_task W) t l); split; intros; congruence. Qed.

Lemma filter_both {A : Type} (f g : A -> bool) l : filter f (filter g l) = filter (fun a => g a && f a) l.
Proof. induction l as [|a l IH]; [easy|]. simpl. destruct (g a); simpl; [destruct (f a)|]; now rewrite IH. Qed.

Lemma filter_fewer {A : Type} (f g : A -> bool) l :
  length (filter (fun a => f a && g a) l) <= length (filter g l).
Proof. induction l as [|a l IH]; [easy|]. simpl. destruct (f a), (g a); simpl; lia. Qed.

Lemma by_owner (f : pin W -> bool) (s : state W) l : NoDup l ->
  length (filter f (pins_of s l)) = sum (fun t => length (filter f (pins_of s [t]))) l.
Proof.
  unfold pins_of. induction 1 as [|t l Ht Hnd IH]; simpl.
  - induction (pins s) as [|i m IHm]; [easy|]. simpl.
    destruct (among [] (owner i)) eqn:E; [now apply among_true in E|easy].
  - rewrite <- IH. clear IH Hnd. induction (pins s) as [|i m IHm]; [easy|]. simpl.
    destruct (same_task W t (owner i)) as [E|E].
    + assert (among (t :: l) (owner i) = true) as -> by (apply among_true; now left).
      assert (among [t] (owner i) = true) as -> by (apply among_true; now left).
      assert (among l (owner i) = false) as ->.
      { destruct (among l (owner i)) eqn:El; [|easy]. apply among_true in El. now subst. }
      simpl. destruct (f i); simpl; lia.
    + assert (among [t] (owner i) = false) as ->.
      { destruct (among [t] (owner i)) eqn:El; [|easy]. apply among_true in El as [?|[]]. congruence. }
      assert (among (t :: l) (owner i) = among l (owner i)) as ->.
      { apply eq_true_iff_eq. rewrite !among_true. simpl. split; [intros [?|?]; [congruence|easy]|auto]. }
      destruct (among l (owner i)); simpl; [destruct (f i); simpl|]; lia.
Qed.

Lemma in_pins_of s l i : In i (pins_of s l) <-> In i (pins s) /\ In (owner i) l.
Proof. unfold pins_of. rewrite filter_In, among_true. easy. Qed.

Lemma use_at_most_pins (s : state W) l r : NoDup l -> use (pins_of s l) r <= sum (fun t => lying s t r) l.
Proof.
  intros Hnd. unfold lying, lie_in. rewrite <- by_owner by easy. unfold use, lie_in.
  destruct (keeps_mappings r); [|easy]. rewrite <- (map_length of_page).
  apply NoDup_incl_length; [apply NoDup_nodup|]. intros p Hp. now apply nodup_In in Hp.
Qed.

(** Pages of the slots that are a task's own, once each. *)
Definition own_pages (s : state W) (r : R) (t : T) : list P :=
  nodup (same_page W) (map of_page (lie_in r (own_pins s t))).

Lemma in_own_pages s r t p : In p (own_pages s r t) <-> exists i, In i (pins s) /\ owner i = t /\ of_page i = p /\
  lies_in i = r /\ (private t p = true \/ keeps_mappings r = false).
Proof.
  unfold own_pages, lie_in, own_pins. rewrite nodup_In, in_map_iff. split.
  - intros (i & Ep & Hi). apply filter_In in Hi as [Hi Er]. apply filter_In in Hi as [Hi Ho].
    apply in_pins_of in Hi as [Hi [Et|[]]]. apply is_series_true in Er. subst. exists i. repeat split; auto.
    apply orb_true_iff in Ho as [Ho|Ho]; [now left|right]. now apply negb_true_iff in Ho.
  - intros (i & Hi & Et & Ep & Er & Ho). exists i. split; [easy|]. apply filter_In. split; [|now apply is_series_true].
    apply filter_In. split; [apply in_pins_of; split; [easy|now left]|]. subst.
    apply orb_true_iff. destruct Ho as [Ho|Ho]; [now left|right]. now rewrite Ho.
Qed.

Lemma length_flat_map (f : T -> list P) l : length (flat_map f l) = sum (fun t => length (f t)) l.
Proof. induction l as [|t l IH]; simpl; [easy|]. now rewrite app_length, IH. Qed.

Lemma own_when_kept s t r : keeps_mappings r = true -> own s t r = length (own_pages s r t).
Proof. intros H. unfold own, use. now rewrite H. Qed.

(** Where nothing is shared, each pin is a slot, and the task's own. *)
Lemma own_when_not_kept s t r : keeps_mappings r = false -> own s t r = lying s t r.
Proof.
  intros H. unfold own, use, lying, lie_in, own_pins. rewrite H, filter_both. f_equal. apply filter_ext_in.
  intros i _. destruct (is_series r (lies_in i)) eqn:E; [|apply andb_false_r].
  apply is_series_true in E. rewrite <- E, H. now rewrite orb_true_r.
Qed.

Lemma distinct_flat_map (f : T -> list P) l : NoDup l -> (forall t, In t l -> NoDup (f t)) ->
  (forall t u p, In t l -> In u l -> In p (f t) -> In p (f u) -> t = u) -> NoDup (flat_map f l).
Proof.
  induction 1 as [|t l Ht _ IH]; simpl; intros H1 H2; [constructor|].
  assert (Happ : forall a b : list P, NoDup a -> NoDup b -> (forall p, In p a -> ~ In p b) -> NoDup (a ++ b)).
  { induction a as [|p a IHa]; simpl; intros b Ha Hb Hd; [easy|]. inversion Ha as [|? ? Hn Ha']; subst.
    constructor; [|apply IHa; auto]. intros Hin. apply in_app_iff in Hin as [|Hin]; [easy|]. apply (Hd p); auto. }
  apply Happ; [apply H1; now left|apply IH; [intros u Hu; apply H1; now right|]|].
  - intros u v p Hu Hv. apply H2; now right.
  - intros p Hp Hin. apply in_flat_map in Hin as (u & Hu & Hpu).
    assert (t = u) by (apply (H2 t u p); simpl; auto). now subst.
Qed.

Lemma own_at_most_slots (s : state W) l r : reachable s -> NoDup l -> sum (fun t => own s t r) l <= slots W r.
Proof.
  intros Hre Hnd. pose proof (enough s (slots_are_enough leftovers_fit s Hre) r) as Hen.
  enough (sum (fun t => own s t r) l <= use (pins s) r) by lia. destruct (keeps_mappings r) eqn:Ek.
  - rewrite (Invariants.sum_ext _ (fun t => length (own_pages s r t))) by (intros; now apply own_when_kept).
    rewrite <- length_flat_map. unfold use. rewrite Ek. apply NoDup_incl_length.
    + apply distinct_flat_map; [easy|intros; apply NoDup_nodup|].
      intros t u p _ _ Hp Hq. apply in_own_pages in Hp as (i & Hi & Et & Ep & _ & Ho).
      apply in_own_pages in Hq as (j & Hj & Eu & Eq & _ & Ho'). destruct Ho' as [Ho'|]; [|congruence].
      rewrite <- Et. apply (private_is s i u Hre Hi). now rewrite Ep.
    + intros p Hp. apply in_flat_map in Hp as (t & _ & Hp). apply in_own_pages in Hp as (i & Hi & _ & Ep & Er & _).
      apply nodup_In, in_map_iff. exists i. split; [easy|]. apply filter_In. split; [easy|]. now apply is_series_true.
  - rewrite (Invariants.sum_ext _ (fun t => lying s t r)) by (intros; now apply own_when_not_kept).
    unfold lying, lie_in. rewrite <- by_owner by easy. unfold use, lie_in, pins_of. rewrite Ek, filter_both.
    apply filter_fewer.
Qed.

Lemma use_at_most_own_and_shared (s : state W) l r : reachable s -> NoDup l ->
  use (pins_of s l) r <= sum (fun t => own s t r) l + length shared.
Proof.
  intros Hre Hnd. destruct (keeps_mappings r) eqn:Ek.
  - rewrite (Invariants.sum_ext _ (fun t => length (own_pages s r t))) by (intros; now apply own_when_kept).
    rewrite <- length_flat_map, <- app_length. unfold use. rewrite Ek. apply NoDup_incl_length; [apply NoDup_nodup|].
    intros p Hp. apply nodup_In, in_map_iff in Hp as (i & <- & Hi). apply filter_In in Hi as [Hi Er].
    apply is_series_true in Er. apply in_pins_of in Hi as [Hi Ho]. apply in_app_iff.
    destruct (private_or_shared s i Hre Hi) as [Hp|Hp]; [left|now right].
    apply in_flat_map. exists (owner i). split; [easy|]. apply in_own_pages. exists i. auto 7.
  - pose proof (use_at_most_pins s l r Hnd) as H.
    rewrite (Invariants.sum_ext _ (fun t => own s t r)) in H by (intros; symmetry; now apply own_when_not_kept). lia.
Qed.

(** ** The theorem *)

Theorem stuck_tasks_solve_the_equations_of_series (s : state W) (l : list T) :
  reachable s -> stuck_on_series s l -> l <> [] -> exists E x, solution E x.
Proof.
  intros Hre [Hnd Hst] Hl. set (kd := kind_of s). set (w := fun u => waits_for (kd u)).
  assert (Hkind : forall u, In u l -> In (kd u) kinds /\ of_template (kd u) = template_of u /\
      (exists p x, In (Kmap p (w u) true, x) (calls W u (at_point s u))) /\
      forall r, has (kd u) r = lying s u r /\ has_own (kd u) r = own s u r).
  { intros u Hu. destruct (Hst u Hu) as [Hne Hall]. apply (kinds_complete s u Hre Hne).
    intros c x Hc. destruct (Hall c x Hc) as (p & r & -> & _). eauto. }
  set (nodes := nodup (same_series W) (map w l)).
  set (edge := fun a b => existsb (fun u => (0 <? lying s u a) && is_series (w u) b) l).
  destruct (there_is_a_last_component (same_series W) edge nodes) as (E & Hne & _ & HinE & Hclosed & Hpath).
  { apply NoDup_nodup. }
  { intros En. destruct l as [|t l']; [easy|]. apply (in_nil (a := w t)). rewrite <- En. apply nodup_In. now left. }
  set (in_E := fun r => if in_dec (same_series W) r E then true else false).
  assert (HinE' : forall r, in_E r = true <-> In r E).
  { intros r. unfold in_E. destruct (in_dec (same_series W) r E); split; intros; congruence. }
  set (core := filter (fun u => in_E (w u)) l).
  assert (Hcore : forall u, In u core <-> In u l /\ In (w u) E).
  { intros u. unfold core. rewrite filter_In, HinE'. easy. }
  assert (Hndc : NoDup core) by now apply NoDup_filter.
  destruct (places kinds core kd) as (place & Eplace & Hplace). { intros u Hu. now apply Hkind, Hcore. }
  set (x := counted place).
  assert (Hocc : forall k, occurs x k <-> exists u, In u core /\ kd u = k).
  { intros k. rewrite <- Eplace. now apply occurs_counted. }
  assert (Hsum : forall f, sum_over x f = sum (fun u => f (kd u)) core).
  { intros f. rewrite <- Eplace. now apply sum_over_counted. }
  assert (Hlying : forall r, sum_over x (fun k => has k r) = sum (fun u => lying s u r) core).
  { intros r. rewrite Hsum. apply Invariants.sum_ext. intros u Hu. now apply Hkind, Hcore. }
  assert (Hown : forall r, sum_over x (fun k => has_own k r) = sum (fun u => own s u r) core).
  { intros r. rewrite Hsum. apply Invariants.sum_ext. intros u Hu. now apply Hkind, Hcore. }
  (* whoever of l has a pin in E waits for something of E *)
  assert (Hall : forall r u, In r E -> In u l -> 0 < lying s u r -> In u core).
  { intros r u Hr Hu Hh. apply Hcore. split; [easy|]. apply (Hclosed r (w u)); [easy| |].
    - now apply nodup_In, in_map.
    - apply existsb_exists. exists u. split; [easy|]. apply andb_true_iff.
      split; [now apply Nat.ltb_lt|now apply is_series_true]. }
  (* so in E what l uses, the core uses *)
  assert (Hused : forall r, In r E -> use (pins_of s l) r = use (pins_of s core) r).
  { intros r Hr. unfold use. assert (Hlie : lie_in r (pins_of s l) = lie_in r (pins_of s core)).
    { unfold lie_in, pins_of. rewrite !filter_both. apply filter_ext_in. intros i Hi.
      destruct (is_series r (lies_in i)) eqn:Er; [|now rewrite !andb_false_r]. rewrite !andb_true_r.
      apply eq_true_iff_eq. rewrite !among_true. split; [|intros Hc; now apply Hcore].
      intros Ho. apply (Hall r); auto. unfold lying.
      destruct (lie_in r (pins_of s [owner i])) eqn:En; [|simpl; lia]. exfalso. apply (in_nil (a := i)).
      rewrite <- En. apply filter_In. split; [|easy]. apply in_pins_of. split; [easy|now left]. }
    now rewrite Hlie. }
  assert (Hmiss : forall u, In u core -> slots W (w u) < use (pins_of s core) (w u) + 1 + kept_from (kd u)).
  { intros u Hu. pose proof (proj1 (Hcore u) Hu) as [Hul HuE]. destruct (Hkind u Hul) as (_ & _ & (p & y & Hc) & Hhas).
    destruct (Hst u Hul) as [_ Hcalls]. destruct (Hcalls _ _ Hc) as (p' & r' & E' & Hm). injection E' as <- <-.
    rewrite (Hused (w u) HuE) in Hm. unfold kept_from. fold (w u). now rewrite (proj1 (Hhas (w u))). }
  exists E, x. split; try easy.
  - intros r. split.
    + intros Hr. pose proof (HinE r Hr) as Hn. apply nodup_In, in_map_iff in Hn as (u & <- & Hu).
      exists (kd u). split; [|easy]. apply Hocc. exists u. now rewrite Hcore.
    + intros (k & Hk & <-). apply Hocc in Hk as (u & Hu & <-). now apply Hcore.
  - intros r q Hr Hq. specialize (Hpath r q Hr Hq). apply clos_rt_rt1n in Hpath. clear Hq.
    induction Hpath as [a|a b c Hab _ IH]; [apply rt_refl|].
    apply existsb_exists in Hab as (u & Hu & Hub). apply andb_true_iff in Hub as [Hh Hb].
    apply Nat.ltb_lt in Hh. apply is_series_true in Hb. subst b.
    assert (Huc : In u core) by (now apply (Hall a)).
    eapply rt_trans; [apply rt_step|apply IH; now apply Hcore].
    exists (kd u). split; [apply Hocc; eauto|]. split; [|easy].
    destruct (Hkind u Hu) as (_ & _ & _ & Hhas). now rewrite (proj1 (Hhas a)).
  - intros k Hk. apply Hocc in Hk as (u & Hu & <-). fold (w u). rewrite Hlying.
    pose proof (Hmiss u Hu). pose proof (use_at_most_pins s core (w u) Hndc). lia.
  - intros k Hk. apply Hocc in Hk as (u & Hu & <-). fold (w u). rewrite Hown.
    pose proof (Hmiss u Hu). pose proof (use_at_most_own_and_shared s core (w u) Hre Hndc). lia.
  - intros r. rewrite Hown. now apply own_at_most_slots.
  - intros m n Hm. rewrite Hsum.
    assert (Hb : forall l', incl l' core ->
        sum (fun u => if same_template (of_template (kd u)) m then 1 else 0) l' =
        length (filter (fun u => if same_template (template_of u) m then true else false) l')).
    { induction l' as [|u l' IH]; intros Hi; [easy|]. simpl.
      destruct (Hkind u) as (_ & Hu & _); [apply Hcore, Hi; now left|]. rewrite Hu.
      rewrite IH by (intros v Hv; apply Hi; now right). now destruct (same_template (template_of u) m). }
    rewrite Hb by apply incl_refl. apply (instances_counted m n Hm).
    + now apply NoDup_filter.
    + intros u Hu. apply filter_In in Hu as [_ Hu]. now destruct (same_template (template_of u) m).
Qed.

(** Where none of the tasks that have pins can move, they are stuck: the end of a run. *)
Theorem who_cannot_move_is_stuck (s : state W) (l : list T) : NoDup l ->
  (forall i, In i (pins s) -> In (owner i) l) ->
  (forall t, In t l -> calls W t (at_point s t) <> [] /\ ~ can_move s t) ->
  stuck_on_series s l.
Proof.
  intros Hnd Howners Hno. split; [easy|]. intros t Ht. destruct (Hno t Ht) as [Hne Hstay].
  split; [easy|]. intros c x Hc.
  assert (Hkmap : forall p r f y, In (Kmap p r f, y) (calls W t (at_point s t)) -> granted s t p r f = false).
  { intros p r f y Hin. destruct (granted s t p r f) eqn:E; [|easy]. exfalso. apply Hstay.
    apply granted_gets in E as (q & st & Hg). eexists. eapply kmap_step; eauto. }
  assert (Hfails : forall p r f y, ~ In (Fails p r f, y) (calls W t (at_point s t))).
  { intros p r f y Hin. destruct (fails_or_succeeds W t _ p r f y Hin) as (z & Hz).
    apply Hstay. eexists. eapply fail_step; eauto. }
  destruct c as [p r f|p r f|p].
  - destruct f.
    + exists p, r. split; [easy|]. pose proof (Hkmap p r true x Hc) as Hg. unfold granted in Hg.
      destruct (found s p r); [|easy]. cbn [orb] in Hg. rewrite andb_true_r in Hg. unfold fits in Hg.
      apply Nat.leb_gt in Hg. change (in_use s r) with (use (pins s) r) in Hg.
      assert (Hall : pins_of s l = pins s).
      { unfold pins_of. assert (Ha : forall i, In i (pins s) -> among l (owner i) = true)
          by (intros i Hi; apply among_true; auto).
        revert Ha. generalize (pins s) as m. induction m as [|i m IH]; intros Ha; [easy|]. simpl.
        rewrite (Ha i (or_introl eq_refl)), IH; [easy|]. intros j Hj. apply Ha. now right. }
      rewrite Hall. assert (Hh : holder s t r = negb (lying s t r =? 0)).
      { apply eq_true_iff_eq. unfold holder. rewrite existsb_exists, negb_true_iff, Nat.eqb_neq. split.
        - intros (i & Hi & E) Hz. apply filter_In in Hi as [Hi Er]. apply is_task_true in E.
          unfold lying in Hz. apply length_zero_iff_nil in Hz. apply (in_nil (a := i)). rewrite <- Hz.
          apply filter_In. split; [|easy]. apply in_pins_of. split; [easy|]. left. easy.
        - intros Hz. unfold lying in Hz. destruct (lie_in r (pins_of s [t])) as [|i m] eqn:E; [easy|].
          assert (Hi : In i (lie_in r (pins_of s [t]))) by (rewrite E; now left).
          apply filter_In in Hi as [Hi Er]. apply in_pins_of in Hi as [Hi [Eo|[]]].
          exists i. split; [apply filter_In; split; [easy|exact Er]|now apply is_task_true]. }
      rewrite Hh in Hg. destruct (lying s t r =? 0); simpl in Hg; lia.
    + exfalso. destruct (no_flush_is_a_try W t _ p r x Hc) as (z & Hz). exact (Hfails _ _ _ _ Hz).
  - exfalso. exact (Hfails _ _ _ _ Hc).
  - exfalso. apply Hstay. destruct (drop t p (pins s)) as [[i m]|] eqn:Ed.
    + eexists. eapply kunmap_step; eauto.
    + eexists. eapply kunmap_skipped; eauto.
Qed.

Theorem no_solution_nobody_stuck_on_series : (forall E x, ~ solution E x) ->
  forall s : state W, reachable s -> forall l, stuck_on_series s l -> l = [].
Proof.
  intros Hno s Hre l Hst. destruct l as [|t l]; [easy|]. exfalso.
  destruct (stuck_tasks_solve_the_equations_of_series s (t :: l) Hre Hst) as (E & x & H); [easy|].
  exact (Hno E x H).
Qed.

End OneKernel.
