(** * Stuck-core equations: who is stuck solves them

    Proves, of docs/proofs.md, "Stuck-core equations": from a stuck set of a reachable state follows
    a solution in natural numbers, of which each unknown is a number of waiting tasks of one kind
    ([stuck_tasks_solve_the_equations]). So if there is no solution, there is no deadlock
    ([no_solution_no_deadlock]). The number of tasks may be any, also infinite; that of units and
    of those kept for holders is what it is, also with as many kept as there are, or more.

    A kind says of which task program a task is, for what and for how many units of it it waits,
    and what it holds. What is assumed is that each task that waits in some run is of a kind on the
    list ([every_waiting_task_has_a_kind]: what docs/proofs.md shows in "One task in every
    surrounding"), and that no task ends with something in hand ([no_leaks] in Order.v). Who waits
    for several things ([select]) may count with any one of them: the kind chooses.

    The inequalities are those of the page, and one is sharper: for each kind in the core, what is
    held and what it asks for (and what is kept for holders, if it is none) is more than there is.

    Left out: pages that several tasks have mapped, readers and writers, queues, CPUs. *)

From Coq Require Import List Arith Bool Lia Relations.
From Kmapcheck Require Import System Stuck Order Components Invariants.
From Kmapcheck Require Export Regroup.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

(** Task programs, and how many instances some have. *)
Context {templates : Type} (same_template : forall a b : templates, {a = b} + {a <> b}).
Variable template_of : T -> templates.
Variable instances : templates -> option nat.
Hypothesis instances_counted : forall m n, instances m = Some n ->
  forall l, NoDup l -> (forall t, In t l -> template_of t = m) -> length l <= n.

Record kind : Type := {
  of_template : templates;
  waits_for : R;
  units : nat;
  has : R -> nat
}.
Variable kinds : list kind.
Variable kind_of : state W -> T -> kind.

Definition every_waiting_task_has_a_kind : Prop := forall s t, reachable s ->
  ended s t = false -> (forall a p, In (a, p) (steps W t (at_point s t)) -> exists r n, a = Take r n) ->
  let k := kind_of s t in
  In k kinds /\ of_template k = template_of t /\ asks s t (waits_for k) (units k) /\
  forall r, has k r = holds s t r.

Local Notation sum_over := (sum_over kinds).
Local Notation occurs := (occurs kinds).

Record solution (E : list R) (x : unknowns) : Prop := {
  (** The core waits for things in [E], and for each of them somebody waits. *)
  waited_for : forall r, In r E <-> exists k, occurs x k /\ waits_for k = r;
  not_nothing : E <> [];
  (** [E] hangs together by what the core holds and waits for. *)
  hangs_together : forall r q, In r E -> In q E ->
    clos_refl_trans R (fun a b => exists k, occurs x k /\ 0 < has k a /\ waits_for k = b) r q;
  (** What the core holds makes what it waits for unavailable. *)
  missing : forall k, occurs x k -> capacity W (waits_for k) <
    sum_over x (fun k' => has k' (waits_for k)) + units k +
    if has k (waits_for k) =? 0 then kept_for_holders W (waits_for k) else 0;
  (** It holds no more of anything than there is. *)
  no_more_than_there_is : forall r, sum_over x (fun k => has k r) <= capacity W r;
  (** Who has a slot is bounded where slots are kept for holders. *)
  few_holders : forall r,
    let holders := sum_over x (fun k => if has k r =? 0 then 0 else 1) in
    holders = 0 \/ holders + kept_for_holders W r <= capacity W r;
  (** There are no more tasks than instances. *)
  few_instances : forall m n, instances m = Some n ->
    sum_over x (fun k => if same_template (of_template k) m then 1 else 0) <= n
}.

(** ** A finite part of a stuck set is stuck already *)

Lemma finite_part_is_stuck (s : state W) K t : stuck K s -> K t = true ->
  exists l, NoDup l /\ In t l /\ stuck (among l) s.
Proof.
  intros HK Ht.
  assert (Hex : exists l, NoDup l /\ forall u, In u l <-> u = t \/ In u (filter K (map fst (held s)))).
  { exists (nodup (same_task W) (t :: filter K (map fst (held s)))). split; [apply NoDup_nodup|].
    intros u. rewrite nodup_In. simpl. split; (intros [?|?]; [left; congruence|now right]). }
  destruct Hex as (l & Hnd & Hl). exists l. split; [easy|]. split; [apply Hl; now left|].
  assert (Hin : forall u, In u l -> K u = true).
  { intros u Hu. apply Hl in Hu as [->|Hu]; [easy|]. now apply filter_In in Hu. }
  intros u Hu. apply among_true in Hu. destruct (HK u (Hin u Hu)) as [He Hc]. split; [easy|].
  destruct (could_move (keepers (among l) s) s u) eqn:E; [|easy]. rewrite <- Hc. symmetry.
  unfold could_move in *. apply existsb_exists in E as ([a p] & Hst & Ha). apply existsb_exists.
  exists (a, p). split; [easy|]. destruct a as [r n|r n|r n|]; simpl in *; try easy.
  replace (used_by (keepers K s) s r) with (used_by (keepers (among l) s) s r); [easy|].
  apply amount_same. intros [v q] Hv. unfold of_set; simpl. f_equal. unfold keepers.
  destruct (ended s v); [now rewrite !orb_true_r|]. rewrite !orb_false_r.
  destruct (K v) eqn:Ev.
  - apply among_true, Hl. right. apply filter_In. split; [|easy]. now apply (in_map fst _ _ Hv).
  - apply among_false. intros Hvl. apply Hin in Hvl. congruence.
Qed.

(** ** The theorem *)

Hypothesis nothing_leaks : no_leaks (W := W).
Hypothesis kinds_complete : every_waiting_task_has_a_kind.

Theorem stuck_tasks_solve_the_equations (s : state W) (K : T -> bool) (t : T) :
  reachable s -> stuck K s -> K t = true -> exists E x, solution E x.
Proof.
  intros Hre HK Ht. destruct (finite_part_is_stuck s K t HK Ht) as (l & Hnd & Htl & Hst). clear K HK Ht.
  set (kd := kind_of s). set (w := fun u => waits_for (kd u)).
  assert (Hkind : forall u, In u l -> In (kd u) kinds /\ of_template (kd u) = template_of u /\
      asks s u (w u) (units (kd u)) /\ forall r, has (kd u) r = holds s u r).
  { intros u Hu. destruct (Hst u) as [He Hc]; [now apply among_true|].
    apply (kinds_complete s u Hre He). intros a p Hin.
    destruct a as [r n|r n|r n|]; [eauto| | |]; exfalso;
      assert (could_move (keepers (among l) s) s u = true) by
        (apply existsb_exists; eexists; split; [exact Hin|easy]); congruence. }
  set (nodes := nodup (same_resource W) (map w l)).
  set (edge := fun a b => existsb (fun u => (0 <? holds s u a) && is_resource (w u) b) l).
  destruct (there_is_a_last_component (same_resource W) edge nodes) as (E & Hne & HndE & HinE & Hclosed & Hpath).
  { apply NoDup_nodup. }
  { intros En. apply (in_nil (a := w t)). rewrite <- En. now apply nodup_In, in_map. }
  set (in_E := fun r => if in_dec (same_resource W) r E then true else false).
  assert (HinE' : forall r, in_E r = true <-> In r E).
  { intros r. unfold in_E. destruct (in_dec (same_resource W) r E); split; intros; congruence. }
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
  assert (Hheld : forall r, sum_over x (fun k => has k r) = used_by (among core) s r).
  { intros r. rewrite Hsum, used_by_sum by easy. apply sum_ext. intros u Hu.
    now apply Hkind, Hcore. }
  (* whoever of l holds something of E waits for something of E *)
  assert (Hall : forall r u, In r E -> In u l -> 0 < holds s u r -> In u core).
  { intros r u Hr Hu Hh. apply Hcore. split; [easy|]. apply (Hclosed r (w u)); [easy| |].
    - now apply nodup_In, in_map.
    - apply existsb_exists. exists u. split; [easy|]. rewrite is_resource_refl, andb_true_r. now apply Nat.ltb_lt. }
  exists E, x. split; try easy.
  - intros r. split.
    + intros Hr. pose proof (HinE r Hr) as Hn. apply nodup_In, in_map_iff in Hn as (u & <- & Hu).
      exists (kd u). split; [|easy]. apply Hocc. exists u. now rewrite Hcore.
    + intros (k & Hk & <-). apply Hocc in Hk as (u & Hu & <-). now apply Hcore.
  - intros r q Hr Hq. specialize (Hpath r q Hr Hq). apply clos_rt_rt1n in Hpath. clear Hq.
    induction Hpath as [a|a b c Hab _ IH]; [apply rt_refl|].
    apply existsb_exists in Hab as (u & Hu & Hub). apply andb_true_iff in Hub as [Hh Hb].
    apply Nat.ltb_lt in Hh. apply is_resource_true in Hb. subst b.
    assert (Huc : In u core) by (now apply (Hall a)).
    eapply rt_trans; [apply rt_step|apply IH; now apply Hcore].
    exists (kd u). split; [apply Hocc; eauto|]. split; [|easy].
    destruct (Hkind u Hu) as (_ & _ & _ & ->). easy.
  - intros k Hk. apply Hocc in Hk as (u & Hu & <-). fold (w u). rewrite Hheld.
    pose proof (proj1 (Hcore u) Hu) as [Hul HuE].
    destruct (Hkind u Hul) as (_ & _ & [p Hask] & Hhas). rewrite Hhas.
    destruct (Hst u) as [_ Hc]; [now apply among_true|].
    assert (Hfit : fits s u (w u) (units (kd u)) (used_by (keepers (among l) s) s (w u)) = false).
    { destruct (fits s u (w u) (units (kd u)) (used_by (keepers (among l) s) s (w u))) eqn:Ef; [|easy].
      enough (could_move (keepers (among l) s) s u = true) by congruence.
      apply existsb_exists. eexists. split; [exact Hask|easy]. }
    unfold fits, reserve in Hfit. apply Nat.leb_gt in Hfit.
    enough (used_by (keepers (among l) s) s (w u) <= used_by (among core) s (w u)) by lia.
    apply amount_le. intros [v q] Hv. unfold of_set; simpl. intros Hq. apply andb_true_iff in Hq as [Hk Hq].
    rewrite Hq, andb_true_r. apply is_resource_true in Hq. subst q. apply holds_positive in Hv.
    apply among_true. apply (Hall (w u)); try easy. unfold keepers in Hk. apply orb_true_iff in Hk as [Hk|Hk].
    + now apply among_true.
    + specialize (nothing_leaks s v (w u) Hre Hk). lia.
  - intros r. rewrite Hheld. pose proof (used_by_le_used (among core) s r).
    pose proof (no_more_is_used_than_there_is s Hre r). lia.
  - intros r. cbn zeta. rewrite Hsum.
    assert (Hb : forall l', incl l' core -> NoDup l' ->
        sum (fun u => if has (kd u) r =? 0 then 0 else 1) l' =
        length (filter (fun u => negb (holds s u r =? 0)) l')).
    { induction l' as [|u l' IH]; intros Hi Hn; [easy|]. simpl.
      destruct (Hkind u) as (_ & _ & _ & Hu); [apply Hcore, Hi; now left|]. rewrite Hu.
      rewrite IH; [|intros v Hv; apply Hi; now right|now inversion Hn].
      now destruct (holds s u r =? 0). }
    rewrite Hb by auto using incl_refl.
    destruct (holders_are_bounded s Hre r (filter (fun u => negb (holds s u r =? 0)) core)) as [Hz|Hz].
    + now apply NoDup_filter.
    + intros u Hu. apply filter_In in Hu as [_ Hu]. apply negb_true_iff, Nat.eqb_neq in Hu. lia.
    + left. now rewrite Hz.
    + now right.
  - intros m n Hm. rewrite Hsum.
    assert (Hb : forall l', incl l' core ->
        sum (fun u => if same_template (of_template (kd u)) m then 1 else 0) l' =
        length (filter (fun u => if same_template (template_of u) m then true else false) l')).
    { induction l' as [|u l' IH]; intros Hi; [easy|]. simpl.
      destruct (Hkind u) as (_ & Hu & _); [apply Hcore, Hi; now left|]. rewrite Hu.
      rewrite IH by (intros v Hv; apply Hi; now right).
      now destruct (same_template (template_of u) m). }
    rewrite Hb by apply incl_refl. apply (instances_counted m n Hm).
    + now apply NoDup_filter.
    + intros u Hu. apply filter_In in Hu as [_ Hu]. now destruct (same_template (template_of u) m).
Qed.

Theorem no_solution_no_deadlock :
  (forall E x, ~ solution E x) ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros Hno s Hre K HK t. destruct (K t) eqn:Ht; [|easy]. exfalso.
  destruct (stuck_tasks_solve_the_equations s K t Hre HK Ht) as (E & x & H). exact (Hno E x H).
Qed.

End OneSystem.
