(** * The abstract system can be counted

    Counting.v speaks of any system in which a step looks at one task's local state and at the world.
    This is System.v as such a system, where tasks run task programs and are finitely many:
    [each_step_is_a_named_step] and [each_named_step_is_a_step]. So what Counting.v says holds of it:
    a state may say how many tasks of which program are where and hold what, and how much of each
    resource is in use ([reached_in_as_many_steps]). *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import System Invariants LettingGo Counting.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

Context {templates : Type} (same_template : forall a b : templates, {a = b} + {a <> b}).
Variable same_point : forall x y : point W, {x = y} + {x <> y}.
Variable template_of : T -> templates.
Variable program : templates -> point W -> list (action R * point W).
Variable resources : list R.
Variable tasks : list T.
Hypothesis runs_its_program : forall t x, steps W t x = program (template_of t) x.
Hypothesis all_resources : forall r, In r resources.
Hypothesis all_tasks : forall t, In t tasks.
Hypothesis each_once : NoDup tasks.

(** Which program, where in it, and how much of each resource, in the order of [resources]. *)
Record local : Type := { runs : templates; place : point W; amounts : list nat }.

Definition same_local : forall x y : local, {x = y} + {x <> y}.
Proof. decide equality; try apply same_point; try apply same_template. apply (list_eq_dec Nat.eq_dec). Defined.

Fixpoint amount_in (rs : list R) (l : list nat) (r : R) : nat :=
  match rs, l with q :: rs, n :: l => if is_resource r q then n else amount_in rs l r | _, _ => 0 end.

Lemma amount_in_map (f : R -> nat) r : forall rs, In r rs -> amount_in rs (map f rs) r = f r.
Proof.
  induction rs as [|q rs IH]; [easy|]. intros H. simpl. destruct (is_resource r q) eqn:E.
  - apply is_resource_true in E. now subst.
  - apply is_resource_false in E. apply IH. destruct H; [congruence|easy].
Qed.

Definition holding (x : local) (r : R) : nat := amount_in resources (amounts x) r.
Definition in_use (w : list nat) (r : R) : nat := amount_in resources w r.

Definition granted (w : list nat) (x : local) (r : R) (n : nat) : bool :=
  in_use w r + n + (if holding x r =? 0 then kept_for_holders W r else 0) <=? capacity W r.

Definition can_do (w : list nat) (x : local) (a : action R) : bool :=
  match a with
  | Take r n => granted w x r n
  | Refused r n => negb (granted w x r n)
  | Give _ _ | Silent => true
  end.

(** A step: what is in use changes by what the task's own amounts change, and nobody else changes. *)
Definition takes (w : list nat) (x : local) (step : action R * point W) (w' : list nat) (x' : local)
    (others : local -> local) : Prop :=
  In step (program (runs x) (place x)) /\ can_do w x (fst step) = true /\
  x' = {| runs := runs x; place := snd step; amounts := map (own_after (fst step) (holding x)) resources |} /\
  w' = map (fun r => in_use w r + own_after (fst step) (holding x) r - holding x r) resources /\
  others = fun y => y.

Definition local_of (s : state W) (t : T) : local :=
  {| runs := template_of t; place := at_point s t; amounts := map (holds s t) resources |}.
Definition view (s : state W) : list nat * list local := (map (used s) resources, map (local_of s) tasks).

Lemma holding_is s t r : holding (local_of s t) r = holds s t r.
Proof. unfold holding. simpl. now apply amount_in_map. Qed.

Lemma in_use_is (s : state W) r : in_use (map (used s) resources) r = used s r.
Proof. unfold in_use. now apply amount_in_map. Qed.

Lemma can_do_is (s : state W) t a : can_do (map (used s) resources) (local_of s t) a = possible s t a.
Proof.
  destruct a as [r n|r n|r n|]; simpl; try easy;
    unfold granted, available, fits, reserve; now rewrite in_use_is, holding_is.
Qed.

Lemma own_after_ext (a : action R) f g : (forall r, f r = g r) -> forall r, own_after a f r = own_after a g r.
Proof. intros H r. destruct a; simpl; now rewrite ?H. Qed.

Lemma used_changes (s : state W) t a p r :
  used (step_to s t a p) r = used s r + own_after a (holds s t) r - holds s t r.
Proof.
  assert (Hle : holds s t r <= used s r).
  { apply amount_le. intros e _ He. now apply andb_true_iff in He. }
  unfold used at 1. simpl. destruct a as [q n|q n|q n|]; simpl; try (fold (used s r); lia).
  - rewrite amount_app, amount_repeat. unfold of_resource at 1; simpl. fold (used s r). destruct (is_resource r q); lia.
  - fold (holds s t q). destruct (n <=? holds s t q) eqn:E; [|fold (used s r); lia]. apply Nat.leb_le in E.
    pose proof (amount_without t q n (held s) (of_resource r) E) as H. unfold of_resource at 3 in H; simpl in H.
    fold (used s r) in H. destruct (is_resource r q) eqn:Eq; [|lia].
    apply is_resource_true in Eq as <-. lia.
Qed.

Lemma local_after (s : state W) t a p : local_of (step_to s t a p) t =
  {| runs := template_of t; place := p; amounts := map (own_after a (holding (local_of s t))) resources |}.
Proof.
  unfold local_of at 1. rewrite at_point_self. f_equal. apply map_ext. intros r.
  rewrite holds_after_self. apply own_after_ext. intros q. symmetry. apply holding_is.
Qed.

Lemma others_after (s : state W) t a p l : ~ In t l -> map (local_of (step_to s t a p)) l = map (fun y => y) (map (local_of s) l).
Proof.
  intros H. rewrite map_id. apply map_ext_in. intros u Hu. assert (t <> u) by congruence.
  unfold local_of. rewrite at_point_other by easy. f_equal. apply map_ext. intros r. now apply holds_after_other.
Qed.

Lemma world_after (s : state W) t a p : map (used (step_to s t a p)) resources =
  map (fun r => in_use (map (used s) resources) r + own_after a (holding (local_of s t)) r - holding (local_of s t) r) resources.
Proof.
  apply map_ext. intros r. rewrite used_changes, in_use_is, holding_is.
  now rewrite (own_after_ext a (holding (local_of s t)) (holds s t) (holding_is s t)).
Qed.

Theorem each_step_is_a_named_step (s s' : state W) (t : T) : step t s s' ->
  exists a, named_step takes a (view s) (view s').
Proof.
  intros [a p Hin Hp ->]. exists (a, p).
  destruct (in_split t tasks (all_tasks t)) as (before & after & E).
  pose proof each_once as Hnd. rewrite E in Hnd. apply NoDup_remove_2 in Hnd.
  unfold view. rewrite E, !map_app. simpl map.
  rewrite !others_after by (intros H; apply Hnd, in_app_iff; auto).
  apply by_task. unfold takes. rewrite can_do_is, local_after, world_after. simpl. rewrite <- runs_its_program. auto.
Qed.

Theorem each_named_step_is_a_step (s : state W) a v : named_step takes a (view s) v ->
  exists t s', step t s s' /\ view s' = v.
Proof.
  intros H. remember (view s) as n eqn:En. destruct H as [w before l after w' l' others Htake].
  unfold view in En. injection En as -> El. symmetry in El.
  apply map_eq_app in El as (tb & rest & Et & Eb & Erest). apply map_eq_cons in Erest as (t & ta & -> & <- & Ea).
  destruct Htake as (Hin & Hp & -> & -> & ->). destruct a as [a p]. simpl in Hin, Hp.
  rewrite can_do_is in Hp. rewrite <- runs_its_program in Hin.
  exists t, (step_to s t a p). split; [now exists a p|].
  pose proof each_once as Hnd. rewrite Et in Hnd. apply NoDup_remove_2 in Hnd.
  unfold view. rewrite Et, !map_app. simpl map.
  rewrite !others_after by (intros H; apply Hnd, in_app_iff; auto).
  rewrite local_after, world_after. now subst before after.
Qed.

(** How many tasks are in each local state, and how much is in use. *)
Definition count_of (s : state W) : list nat * (local -> nat) :=
  (fst (view s), count_occ same_local (snd (view s))).

Inductive reached : nat -> state W -> state W -> Prop :=
| here s : reached 0 s s
| one_more n t s s' s'' : step t s s' -> reached n s' s'' -> reached (S n) s s''.

Lemma reached_named n s s' : reached n s s' -> named_run takes n (view s) (view s').
Proof.
  induction 1 as [s|n t s s1 s2 Hs _ IH]; [constructor|].
  destruct (each_step_is_a_named_step s s1 t Hs) as (a & Ha). eapply named_on; eauto.
Qed.

Lemma named_reached n : forall s v, named_run takes n (view s) v -> exists s', reached n s s' /\ view s' = v.
Proof.
  induction n as [|n IH]; intros s v H; inversion H as [x Ex|m a x x' x'' Ha Hr]; subst.
  - exists s. split; [constructor|easy].
  - destruct (each_named_step_is_a_step s a x' Ha) as (t & s1 & Hs & <-).
    destruct (IH s1 v Hr) as (s2 & Hr2 & Ev). exists s2. split; [eapply one_more; eauto|easy].
Qed.

(** So a counted state is reached in [n] steps exactly if a state that counts so is. *)
Theorem reached_in_as_many_steps (n : nat) (s : state W) (q : list nat * (local -> nat)) :
  (exists q', counted_run same_local takes n (count_of s) q' /\ fst q' = fst q /\ forall x, snd q' x = snd q x) <->
  (exists s', reached n s s' /\ fst (count_of s') = fst q /\ forall x, snd (count_of s') x = snd q x).
Proof.
  assert (Hc : counts_as same_local (view s) (count_of s)) by (split; [easy|intros x; easy]).
  destruct (counted_runs_have_the_same_lengths same_local takes n (view s) (count_of s) Hc) as [Hn Hq]. split.
  - intros (q' & Hr & Ew & Ec). destruct (Hq q' Hr) as (v & Hv & Hw & Hcount).
    destruct (named_reached n s v Hv) as (s' & Hs & <-). exists s'. split; [easy|]. simpl in *.
    split; [congruence|]. intros x. rewrite <- Ec. symmetry. apply Hcount.
  - intros (s' & Hr & Ew & Ec). destruct (Hn (view s') (reached_named n s s' Hr)) as (q' & Hq' & Hw & Hcount).
    exists q'. split; [easy|]. simpl in *. split; [congruence|]. intros x. rewrite <- Ec. apply Hcount.
Qed.

End OneSystem.
