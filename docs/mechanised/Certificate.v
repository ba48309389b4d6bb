(** * A certificate that there is no deadlock, and a checker that is proved

    The equations of Equations.v, for a system with finitely many resources and kinds, are written
    down by a function ([problem_of]: the inequalities of docs/proofs.md, "Stuck-core equations",
    for one set of things that are waited for in circles). A certificate has refutations, as
    Refutation.v checks them. [certified_no_deadlock]: if the function [certifies] says [true] of
    it, no state of any run has a stuck set.

    This is not yet a checker of the files that [check --certificate] writes: whether the kinds on
    the list are all that tasks can be of is a premise here ([every_waiting_task_has_a_kind]), and
    there is no reader. OneReadFewer.v is a use of it. *)

From Coq Require Import List ZArith Arith Bool Lia.
From Kmapcheck Require Import System Stuck Order Invariants Equations Refutation.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).
Context {templates : Type} (same_template : forall a b : templates, {a = b} + {a <> b}).
Variable template_of : T -> templates.
Variable instances : templates -> option nat.
Notation kind := (kind (W := W) (templates := templates)).
Variable kinds : list kind.

(** All resources, and the task programs whose instances are bounded. *)
Variable all : list R.
Variable bounded : list templates.

Definition member (r : R) (E : list R) : bool := existsb (is_resource r) E.

Lemma member_true r E : member r E = true <-> In r E.
Proof.
  unfold member. rewrite existsb_exists. split.
  - intros (q & Hq & E'). apply is_resource_true in E'. now subst.
  - intros H. exists r. split; [easy|]. apply is_resource_refl.
Qed.

(** ** The inequalities *)

Definition at_least (f : kind -> nat) (b : Z) : inequality :=
  {| coefficients := map (fun k => Z.of_nat (f k)) kinds; bound := b |}.
Definition at_most (f : kind -> nat) (b : nat) : inequality :=
  {| coefficients := map (fun k => (- Z.of_nat (f k))%Z) kinds; bound := (- Z.of_nat b)%Z |}.

(** What one of a kind asks for, with what is kept from it. *)
Definition asks_in_all (k : kind) : nat :=
  units k + if has k (waits_for k) =? 0 then kept_for_holders W (waits_for k) else 0.
Definition most_asked (r : R) : nat :=
  fold_right (fun k m => if is_resource (waits_for k) r then Nat.max (asks_in_all k) m else m) 0 kinds.

Definition problem_of (E : list R) : list inequality :=
  map (fun r => at_least (fun k => if is_resource (waits_for k) r then 1 else 0) 1) E ++
  map (fun r => at_least (fun k => has k r) (Z.of_nat (capacity W r) + 1 - Z.of_nat (most_asked r))) E ++
  [at_most (fun k => if member (waits_for k) E then 0 else 1) 0] ++
  map (fun r => at_most (fun k => has k r) (capacity W r)) all ++
  map (fun r => at_most (fun k => if has k r =? 0 then 0 else 1) (capacity W r - kept_for_holders W r)) all ++
  flat_map (fun m => match instances m with
    | Some n => [at_most (fun k => if same_template (of_template k) m then 1 else 0) n]
    | None => [] end) bounded.

Fixpoint subsets (l : list R) : list (list R) :=
  match l with [] => [[]] | r :: l => map (cons r) (subsets l) ++ subsets l end.

(** Each set has a refutation among those given. *)
Definition certifies (refutations : list (list node)) : bool :=
  forallb (fun E => match E with [] => true | _ => existsb (refutes (problem_of E)) refutations end)
    (subsets all).

(** ** Solutions satisfy them *)

Definition as_integers (x : nat -> nat) (i : nat) : Z := Z.of_nat (x i).

Lemma value_sum_over x f :
  value (map (fun k => Z.of_nat (f k)) kinds) (as_integers x) 0 = Z.of_nat (sum_over kinds x f).
Proof.
  unfold sum_over.
  assert (H : forall l before, kinds = before ++ l ->
      value (map (fun k => Z.of_nat (f k)) l) (as_integers x) (length before) =
      Z.of_nat (sum (fun i => x i * match nth_error kinds i with Some k => f k | None => 0 end)
        (seq (length before) (length l)))).
  { induction l as [|k l IH]; intros before Hb; [easy|]. cbn [map value length seq sum].
    replace (S (length before)) with (length (before ++ [k])) by (rewrite app_length; simpl; lia).
    rewrite IH by (rewrite Hb, <- app_assoc; easy).
    assert (nth_error kinds (length before) = Some k) as ->.
    { rewrite Hb, nth_error_app2, Nat.sub_diag by lia. easy. }
    unfold as_integers. lia. }
  now apply (H kinds []).
Qed.

Lemma value_opposite x : forall (f : kind -> Z) l i,
  value (map (fun k => (- f k)%Z) l) x i = (- value (map f l) x i)%Z.
Proof. intros f. induction l as [|k l IH]; intros i; cbn [map value]; [easy|]. rewrite IH. lia. Qed.

Lemma at_least_satisfied x f b : (b <= Z.of_nat (sum_over kinds x f))%Z ->
  satisfied (as_integers x) (at_least f b).
Proof. unfold satisfied; cbn [coefficients bound at_least]. now rewrite value_sum_over. Qed.

Lemma at_most_satisfied x f b : sum_over kinds x f <= b -> satisfied (as_integers x) (at_most f b).
Proof.
  unfold satisfied; cbn [coefficients bound at_most]. intros H.
  rewrite (value_opposite _ (fun k => Z.of_nat (f k))), value_sum_over. lia.
Qed.

Lemma most_asked_at_least k r : In k kinds -> waits_for k = r -> asks_in_all k <= most_asked r.
Proof.
  intros Hin Hr. unfold most_asked. induction kinds as [|k' l IH]; [easy|]. simpl. destruct Hin as [->|Hin].
  - rewrite Hr, is_resource_refl. lia.
  - specialize (IH Hin). destruct (is_resource (waits_for k') r); lia.
Qed.

Lemma sum_over_positive x f k : occurs kinds x k -> 0 < f k -> 0 < sum_over kinds x f.
Proof.
  intros (i & Hi & Hx) Hf. unfold sum_over.
  assert (Hin : In i (seq 0 (length kinds))).
  { apply in_seq. split; [lia|]. apply nth_error_Some. simpl. congruence. }
  pose proof (sum_at_least (fun i => x i * match nth_error kinds i with Some k => f k | None => 0 end) _ i Hin) as H.
  simpl in H. rewrite Hi in H. nia.
Qed.

Lemma solution_solves E x : solution same_template instances kinds E x ->
  solves (as_integers x) (problem_of E).
Proof.
  intros H. split; [intros i; unfold as_integers; lia|]. intros q Hq. unfold problem_of in Hq.
  repeat rewrite in_app_iff in Hq. destruct Hq as [Hq|[Hq|[Hq|[Hq|[Hq|Hq]]]]].
  - apply in_map_iff in Hq as (r & <- & Hr). apply at_least_satisfied.
    apply (waited_for _ _ _ _ _ H) in Hr as (k & Hk & Hw).
    assert (0 < sum_over kinds x (fun k => if is_resource (waits_for k) r then 1 else 0)); [|lia].
    apply (sum_over_positive x _ k Hk). rewrite Hw, is_resource_refl. lia.
  - apply in_map_iff in Hq as (r & <- & Hr). apply at_least_satisfied.
    apply (waited_for _ _ _ _ _ H) in Hr as (k & Hk & Hw).
    pose proof (missing _ _ _ _ _ H k Hk) as Hm. destruct Hk as (i & Hi & _). apply nth_error_In in Hi.
    pose proof (most_asked_at_least k r Hi Hw) as Hmost. unfold asks_in_all in Hmost. rewrite Hw in *. lia.
  - destruct Hq as [<-|[]]. apply at_most_satisfied. unfold sum_over.
    rewrite (sum_zero (A := nat)); [lia|]. intros i _.
    destruct (nth_error kinds i) as [k|] eqn:Ek; [|lia].
    destruct (x i) eqn:Ex; [lia|]. assert (Hocc : occurs kinds x k) by (exists i; split; [easy|lia]).
    assert (member (waits_for k) E = true) as ->; [|lia].
    apply member_true, (waited_for _ _ _ _ _ H). eauto.
  - apply in_map_iff in Hq as (r & <- & _). apply at_most_satisfied.
    exact (no_more_than_there_is _ _ _ _ _ H r).
  - apply in_map_iff in Hq as (r & <- & _). apply at_most_satisfied.
    pose proof (few_holders _ _ _ _ _ H r) as Hf. cbn zeta in Hf. lia.
  - apply in_flat_map in Hq as (m & _ & Hq). destruct (instances m) as [n|] eqn:En; [|easy].
    destruct Hq as [<-|[]]. apply at_most_satisfied. exact (few_instances _ _ _ _ _ H m n En).
Qed.

Lemma filter_subset (f : R -> bool) l : In (filter f l) (subsets l).
Proof.
  induction l as [|r l IH]; simpl; [now left|]. apply in_app_iff.
  destruct (f r); [left; now apply in_map|now right].
Qed.

(** The same set, written as a part of the list of all resources. *)
Lemma solution_same_set E E' x : (forall r, In r E <-> In r E') ->
  solution same_template instances kinds E x -> solution same_template instances kinds E' x.
Proof.
  intros He [H1 H2 H3 H4 H5 H6 H7]. split; try easy.
  - intros r. now rewrite <- He.
  - intros ->. destruct E as [|r E]; [easy|]. specialize (He r). simpl in He. now destruct He as [[] _]; left.
  - intros r q Hr Hq. apply H3; now apply He.
Qed.

Hypothesis all_resources : forall r, In r all.
Hypothesis instances_counted : forall m n, instances m = Some n ->
  forall l, NoDup l -> (forall t, In t l -> template_of t = m) -> length l <= n.
Variable kind_of : state W -> T -> kind.
Hypothesis nothing_leaks : no_leaks (W := W).
Hypothesis kinds_complete : every_waiting_task_has_a_kind template_of kinds kind_of.

Theorem certified_no_deadlock (refutations : list (list node)) :
  certifies refutations = true ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros Hc. apply (no_solution_no_deadlock same_template template_of instances instances_counted
    kinds kind_of nothing_leaks kinds_complete).
  intros E x H. set (E' := filter (fun r => member r E) all).
  assert (He : forall r, In r E <-> In r E').
  { intros r. unfold E'. rewrite filter_In, member_true. split; [auto|easy]. }
  apply (solution_same_set E E' x He) in H. unfold certifies in Hc. rewrite forallb_forall in Hc.
  specialize (Hc E' (filter_subset _ all)).
  pose proof (not_nothing _ _ _ _ _ H) as Hne. destruct E' as [|r E'']; [easy|].
  apply existsb_exists in Hc as (c & _ & Hc).
  exact (refuted_has_no_solution _ c Hc _ (solution_solves _ x H)).
Qed.

End OneSystem.
