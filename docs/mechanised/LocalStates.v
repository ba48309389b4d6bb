(** * One task in every surrounding, and a certificate that is checked from end to end

    Proves, of docs/proofs.md, "One task in every surrounding": if a list of local states has in it
    what tasks begin in, and with each all that its own steps make of it, whatever the others do,
    then in each state of each run each task is in one of them ([every_task_is_in_a_local_state]).
    So what Certificate.v, Order.v and LettingGo.v assume can be looked up in the list.

    A certificate has such a list, and an order, or refutations, and for each local state how many
    steps at most it takes to hold nothing. [checked_no_deadlock] and [checked_nobody_starves]: what
    the functions [proves_no_deadlock] and [proves_nobody_starves] say of it is true, for any number
    of tasks, also infinitely many. Nothing else has to be believed of the list, the order, the
    refutations or the numbers of steps.

    About System.v with finitely many resources and task programs. Left out as there: pages, and
    with them flushes by others; nothing that others do changes a local state here. *)

From Coq Require Import List ZArith Arith Bool Lia Relations.
From Kmapcheck Require Import System Stuck Order Invariants LettingGo Equations Refutation Certificate.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).
Variable same_point : forall x y : point W, {x = y} + {x <> y}.

Context {templates : Type} (same_template : forall a b : templates, {a = b} + {a <> b}).
Variable template_of : T -> templates.
Variable program : templates -> point W -> list (action R * point W).
Variable begins : templates -> point W.
Variable instances : templates -> option nat.

(** All resources and all task programs. *)
Variable all : list R.
Variable programs : list templates.

Record as_declared : Prop := {
  runs_its_program : forall t x, steps W t x = program (template_of t) x;
  begins_there : forall t, start W t = begins (template_of t);
  all_resources : forall r, In r all;
  all_programs : forall t, In (template_of t) programs;
  instances_counted : forall m n, instances m = Some n ->
    forall l, NoDup l -> (forall t, In t l -> template_of t = m) -> length l <= n
}.

(** ** Local states *)

Record local : Type := { runs : templates; place : point W; amounts : list nat }.

Definition same_local : forall x y : local, {x = y} + {x <> y}.
Proof. decide equality; try apply same_point; try apply same_template. apply (list_eq_dec Nat.eq_dec). Defined.

Fixpoint amount_in (rs : list R) (l : list nat) (r : R) : nat :=
  match rs, l with q :: rs, n :: l => if is_resource r q then n else amount_in rs l r | _, _ => 0 end.
Definition holding (x : local) (r : R) : nat := amount_in all (amounts x) r.
Definition can_do (x : local) : list (action R * point W) := program (runs x) (place x).

Definition begun (m : templates) : local := {| runs := m; place := begins m; amounts := map (fun _ => 0) all |}.
Definition then_is (x : local) (step : action R * point W) : local :=
  {| runs := runs x; place := snd step; amounts := map (own_after (fst step) (holding x)) all |}.

(** More than there can be: no run brings a task there. *)
Definition too_much (x : local) : bool := existsb (fun r => capacity W r <? holding x r) all.

Definition is_listed (locals : list local) (x : local) : bool := if in_dec same_local x locals then true else false.

Definition complete (locals : list local) : bool :=
  forallb (fun m => is_listed locals (begun m)) programs &&
  forallb (fun x => forallb (fun st => too_much (then_is x st) || is_listed locals (then_is x st)) (can_do x)) locals.

Definition represents (x : local) (s : state W) (t : T) : Prop :=
  runs x = template_of t /\ place x = at_point s t /\ forall r, holding x r = holds s t r.

Hypothesis declared : as_declared.

Lemma is_listed_true locals x : is_listed locals x = true <-> In x locals.
Proof. unfold is_listed. destruct (in_dec same_local x locals); split; intros; congruence. Qed.

Lemma amount_in_map (f : R -> nat) r : forall rs, In r rs -> amount_in rs (map f rs) r = f r.
Proof.
  induction rs as [|q rs IH]; [easy|]. intros H. simpl. destruct (is_resource r q) eqn:E.
  - apply is_resource_true in E. now subst.
  - apply is_resource_false in E. apply IH. destruct H; [congruence|easy].
Qed.

Lemma holding_then x st r : holding (then_is x st) r = own_after (fst st) (holding x) r.
Proof. unfold holding at 1. simpl. apply amount_in_map, (all_resources declared). Qed.

Lemma own_after_ext (a : action R) f g : (forall r, f r = g r) -> forall r, own_after a f r = own_after a g r.
Proof. intros H r. destruct a; simpl; now rewrite ?H. Qed.

Lemma represents_step x s t a p : represents x s t -> represents (then_is x (a, p)) (step_to s t a p) t.
Proof.
  intros (H1 & H2 & H3). split; [easy|]. split.
  - simpl. unfold moved. now rewrite is_task_refl.
  - intros r. rewrite holding_then, holds_after_self. now apply own_after_ext.
Qed.

Theorem every_task_is_in_a_local_state (locals : list local) : complete locals = true ->
  forall s : state W, reachable s -> forall t, exists x, In x locals /\ represents x s t.
Proof.
  intros Hc. unfold complete in Hc. apply andb_true_iff in Hc as [Hbegin Hsteps].
  rewrite forallb_forall in Hbegin, Hsteps.
  enough (H : forall s : state W, reachable s -> reachable s /\ forall t, exists x, In x locals /\ represents x s t).
  { intros s Hre. now apply H. }
  apply (always (fun s => reachable s /\ forall t, exists x, In x locals /\ represents x s t)).
  - split; [apply stays|]. intros t. exists (begun (template_of t)). split.
    + apply is_listed_true, Hbegin, (all_programs declared).
    + split; [easy|]. split; [simpl; symmetry; apply (begins_there declared)|]. intros r.
      unfold holding. simpl. rewrite amount_in_map by apply (all_resources declared). easy.
  - intros s t s' [Hre Hx] Hs. assert (Hre' : reachable s') by (eapply reachable_continues; [|eapply one_step]; eauto).
    split; [easy|]. intros u. destruct (same_task W t u) as [<-|Hn].
    + destruct (Hx t) as (x & Hin & Hrep). destruct Hs as [a p Hst Hp ->].
      exists (then_is x (a, p)). split; [|now apply represents_step].
      rewrite (runs_its_program declared) in Hst. destruct Hrep as (H1 & H2 & H3).
      assert (Hcan : In (a, p) (can_do x)) by (unfold can_do; now rewrite H1, H2).
      specialize (Hsteps x Hin). rewrite forallb_forall in Hsteps. specialize (Hsteps _ Hcan).
      apply orb_true_iff in Hsteps as [Hmuch|Hl]; [|now apply is_listed_true].
      exfalso. apply existsb_exists in Hmuch as (r & _ & Hr). apply Nat.ltb_lt in Hr.
      assert (Hrep' : represents (then_is x (a, p)) (step_to s t a p) t) by (now apply represents_step).
      destruct Hrep' as (_ & _ & Hh). rewrite Hh in Hr.
      pose proof (no_more_is_used_than_there_is _ Hre' r) as Hused.
      assert (holds (step_to s t a p) t r <= used (step_to s t a p) r); [|lia].
      apply amount_le. intros e _ He. now apply andb_true_iff in He.
    + destruct (Hx u) as (x & Hin & H1 & H2 & H3). exists x. split; [easy|].
      destruct (step_other s s' t u Hs Hn) as (Hp & Hh & _).
      split; [easy|]. split; [congruence|]. intros r. now rewrite Hh.
Qed.

(** ** What is looked up in the list *)

Definition holds_nothing (x : local) : bool := forallb (fun r => holding x r =? 0) all.

Lemma holds_nothing_true x : holds_nothing x = true <-> forall r, holding x r = 0.
Proof.
  unfold holds_nothing. rewrite forallb_forall. split.
  - intros H r. specialize (H r (all_resources declared r)). now apply Nat.eqb_eq in H.
  - intros H r _. apply Nat.eqb_eq. auto.
Qed.

(** No task ends with something in hand. *)
Definition nothing_lost (locals : list local) : bool :=
  forallb (fun x => match can_do x with [] => holds_nothing x | _ => true end) locals.

Lemma nothing_lost_no_leaks locals : complete locals = true -> nothing_lost locals = true -> no_leaks (W := W).
Proof.
  intros Hc Hl s t r Hre He. destruct (every_task_is_in_a_local_state locals Hc s Hre t) as (x & Hin & H1 & H2 & H3).
  unfold nothing_lost in Hl. rewrite forallb_forall in Hl. specialize (Hl x Hin).
  unfold ended in He. rewrite (runs_its_program declared), <- H1, <- H2 in He. unfold can_do in Hl.
  destruct (program (runs x) (place x)); [|easy]. rewrite <- H3. now apply holds_nothing_true.
Qed.

(** Everything is asked for after all that is held, and in a number that there can be. *)
Fixpoint place_in (order : list R) (r : R) : nat :=
  match order with [] => 0 | q :: order => if is_resource r q then 0 else S (place_in order r) end.

Definition in_order (order : list R) (locals : list local) : bool :=
  forallb (fun x => forallb (fun st => match fst st with
      | Take r n => (n + kept_for_holders W r <=? capacity W r) &&
          forallb (fun q => (holding x q =? 0) || (place_in order q <? place_in order r)) all
      | _ => true
      end) (can_do x)) locals.

Lemma in_order_no_deadlock order locals : complete locals = true -> nothing_lost locals = true ->
  in_order order locals = true ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros Hc Hl Ho.
  assert (H : forall (s : state W) t r n, reachable s -> asks s t r n -> n + kept_for_holders W r <= capacity W r /\
      forall q, 0 < holds s t q -> place_in order q < place_in order r).
  { intros s t r n Hre [p Hin]. destruct (every_task_is_in_a_local_state locals Hc s Hre t) as (x & Hx & H1 & H2 & H3).
    rewrite (runs_its_program declared), <- H1, <- H2 in Hin. fold (can_do x) in Hin.
    unfold in_order in Ho. rewrite forallb_forall in Ho. specialize (Ho x Hx). rewrite forallb_forall in Ho.
    specialize (Ho _ Hin). simpl in Ho. apply andb_true_iff in Ho as [Hn Hq]. apply Nat.leb_le in Hn.
    split; [easy|]. intros q Hh. rewrite forallb_forall in Hq. specialize (Hq q (all_resources declared q)).
    rewrite H3 in Hq. apply orb_true_iff in Hq as [Hq|Hq]; [apply Nat.eqb_eq in Hq; lia|now apply Nat.ltb_lt]. }
  apply (no_circle_nobody_stuck all (all_resources declared)).
  - assert (Hup : forall r q, clos_trans R (held_while_asked (W := W)) r q -> place_in order r < place_in order q).
    { induction 1 as [r q (s & t & n & Hre & Hh & Ha)|r q u _ IH1 _ IH2]; [|lia]. now apply (H s t q n Hre Ha). }
    intros r Hr. apply Hup in Hr. lia.
  - intros s t r n Hre Ha. now apply (H s t r n Hre Ha).
  - now apply (nothing_lost_no_leaks locals).
Qed.

(** A kind for each local state in which a task waits: it counts with the first thing it asks for. *)
Notation kind := (kind (W := W) (templates := templates)).
Definition kinds_of (locals : list local) : list kind :=
  flat_map (fun x => match can_do x with
    | (Take r n, _) :: _ => [{| of_template := runs x; waits_for := r; units := n; has := holding x |}]
    | _ => [] end) locals.

Definition fits_task (s : state W) (t : T) (k : kind) : bool :=
  (if same_template (of_template k) (template_of t) then true else false) &&
  forallb (fun r => has k r =? holds s t r) all &&
  match steps W t (at_point s t) with
  | (Take r n, _) :: _ => is_resource (waits_for k) r && (units k =? n)
  | _ => false
  end.
Definition kind_found (other : kind) (locals : list local) (s : state W) (t : T) : kind :=
  match find (fits_task s t) (kinds_of locals) with Some k => k | None => other end.

Lemma a_kind_is_found locals other : complete locals = true ->
  every_waiting_task_has_a_kind template_of (kinds_of locals) (kind_found other locals).
Proof.
  intros Hc s t Hre He Htakes. cbv zeta.
  assert (Hex : exists k, In k (kinds_of locals) /\ fits_task s t k = true).
  { destruct (every_task_is_in_a_local_state locals Hc s Hre t) as (x & Hx & H1 & H2 & H3).
    unfold ended in He. destruct (steps W t (at_point s t)) as [|[a p] l] eqn:Es; [easy|].
    destruct (Htakes a p) as (r & n & ->); [now left|].
    exists {| of_template := runs x; waits_for := r; units := n; has := holding x |}. split.
    - apply in_flat_map. exists x. split; [easy|]. unfold can_do.
      rewrite H1, H2, <- (runs_its_program declared), Es. now left.
    - unfold fits_task. simpl. rewrite Es, is_resource_refl, Nat.eqb_refl, H1, !andb_true_r.
      apply andb_true_iff. split; [now destruct (same_template (template_of t) (template_of t))|].
      apply forallb_forall. intros q _. apply Nat.eqb_eq. apply H3. }
  unfold kind_found. destruct (find (fits_task s t) (kinds_of locals)) as [k|] eqn:Ef.
  - apply find_some in Ef as [Hin Hf]. split; [easy|]. unfold fits_task in Hf.
    apply andb_true_iff in Hf as [Hf Hs]. apply andb_true_iff in Hf as [Hm Hh].
    split; [now destruct (same_template (of_template k) (template_of t))|]. split.
    + destruct (steps W t (at_point s t)) as [|[[r n|r n|r n|] p] l] eqn:Es; try easy.
      apply andb_true_iff in Hs as [Hr Hn]. apply is_resource_true in Hr. apply Nat.eqb_eq in Hn. subst.
      exists p. rewrite Es. now left.
    + intros r. rewrite forallb_forall in Hh. specialize (Hh r (all_resources declared r)). now apply Nat.eqb_eq in Hh.
  - destruct Hex as (k & Hin & Hf). exfalso. pose proof (find_none _ _ Ef k Hin). congruence.
Qed.

(** How many steps at most it takes to hold nothing: by each step one less, or by one that always
    can be taken. *)
Fixpoint rank_of (locals : list local) (ranks : list nat) (x : local) : option nat :=
  match locals, ranks with
  | y :: locals, k :: ranks => if same_local x y then Some k else rank_of locals ranks x
  | _, _ => None
  end.

Definition is_free (a : action R) : bool := match a with Give _ _ | Silent => true | _ => false end.

Definition sinks (locals : list local) (ranks : list nat) : bool :=
  forallb (fun x => match rank_of locals ranks x with
    | None => false
    | Some k => holds_nothing x ||
        (let lower st := match rank_of locals ranks (then_is x st) with Some j => j <? k | None => false end in
         match can_do x with [] => false | _ => true end &&
         (existsb (fun st => is_free (fst st) && lower st) (can_do x) || forallb lower (can_do x)))
    end) locals.

Lemma rank_of_in locals : forall ranks x k, rank_of locals ranks x = Some k -> In x locals.
Proof.
  induction locals as [|y locals IH]; intros [|j ranks] x k H; try easy. simpl in H.
  destruct (same_local x y) as [->|]; [now left|right; eauto].
Qed.

Lemma drains_more t : forall k j x own, drains (W := W) t k x own -> k <= j -> drains t j x own.
Proof.
  induction k as [|k IH]; intros j x own [H|H] Hle.
  - destruct j; now left.
  - easy.
  - destruct j; now left.
  - destruct j as [|j]; [lia|]. right. destruct H as [Hne H]. split; [easy|]. intros grants Hg.
    destruct (H grants Hg) as (a & y & Hin & Ha & Hd). exists a, y. repeat split; auto. apply IH; [easy|lia].
Qed.

Lemma sinks_drains locals ranks : complete locals = true -> sinks locals ranks = true -> everybody_drains (W := W).
Proof.
  intros Hc Hs. unfold sinks in Hs. rewrite forallb_forall in Hs.
  assert (H : forall k x, rank_of locals ranks x = Some k -> forall t own, runs x = template_of t ->
      (forall r, own r = holding x r) -> drains (W := W) t k (place x) own).
  { induction k as [k IH] using (well_founded_induction Nat.lt_wf_0). intros x Hk t own Hr Hown.
    specialize (Hs x (rank_of_in _ _ _ _ Hk)). rewrite Hk in Hs. apply orb_true_iff in Hs as [Hz|Hs].
    - destruct k; left; intros r; rewrite Hown; now apply holds_nothing_true.
    - apply andb_true_iff in Hs as [Hne Hs].
      assert (Hcan : steps W t (place x) = can_do x) by (unfold can_do; now rewrite (runs_its_program declared), Hr).
      assert (Hlower : forall st, match rank_of locals ranks (then_is x st) with Some j => j <? k | None => false end = true ->
          exists j, k = S j /\ drains t j (snd st) (own_after (fst st) own)).
      { intros st Hlow. destruct (rank_of locals ranks (then_is x st)) as [j|] eqn:Ej; [|easy].
        apply Nat.ltb_lt in Hlow. destruct k as [|k']; [lia|]. exists k'. split; [easy|].
        apply (drains_more t j); [|lia].
        apply (IH j Hlow (then_is x st) Ej t); [easy|]. intros r. rewrite holding_then. now apply own_after_ext. }
      assert (Hsome : exists j, k = S j).
      { apply orb_true_iff in Hs as [Hs|Hs].
        - apply existsb_exists in Hs as (st & _ & Hst). apply andb_true_iff in Hst as [_ Hst].
          destruct (Hlower st Hst) as (j & Hj & _). eauto.
        - destruct (can_do x) as [|st l]; [easy|]. simpl in Hs. apply andb_true_iff in Hs as [Hst _].
          destruct (Hlower st Hst) as (j & Hj & _). eauto. }
      destruct Hsome as [k' ->]. right. rewrite Hcan. split; [now destruct (can_do x)|]. intros grants Hg.
      apply orb_true_iff in Hs as [Hs|Hs].
      + apply existsb_exists in Hs as ([a y] & Hin & Hst). apply andb_true_iff in Hst as [Hfree Hst].
        destruct (Hlower _ Hst) as (j & Hj & Hd). injection Hj as ->. exists a, y. repeat split; auto. now destruct a.
      + apply existsb_exists in Hg as ([a y] & Hin & Ha). rewrite forallb_forall in Hs.
        destruct (Hlower _ (Hs _ Hin)) as (j & Hj & Hd). injection Hj as ->. exists a, y. auto. }
  intros s t Hre. destruct (every_task_is_in_a_local_state locals Hc s Hre t) as (x & Hx & H1 & H2 & H3).
  specialize (Hs x Hx). destruct (rank_of locals ranks x) as [k|] eqn:Ek; [|easy].
  exists k. rewrite <- H2. apply (H k x Ek t); [easy|]. intros r. now rewrite H3.
Qed.

(** ** The certificate *)

Record certificate : Type := {
  locals : list local;
  (** If everything is taken in one order: which. *)
  order : list R;
  (** If not: why there is no solution, for each set of things that are waited for in circles. *)
  refutations : list (list node);
  (** For each local state, how many steps at most it takes to hold nothing. *)
  ranks : list nat
}.

Definition proves_no_deadlock (c : certificate) : bool :=
  complete (locals c) && nothing_lost (locals c) &&
  (in_order (order c) (locals c) ||
   certifies same_template instances (kinds_of (locals c)) all programs (refutations c)).

Definition proves_nobody_starves (c : certificate) : bool :=
  proves_no_deadlock c && sinks (locals c) (ranks c).

Theorem checked_no_deadlock (c : certificate) : proves_no_deadlock c = true ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros H. unfold proves_no_deadlock in H. apply andb_true_iff in H as [H Hwhy].
  apply andb_true_iff in H as [Hc Hl]. apply orb_true_iff in Hwhy as [Ho|He].
  - now apply (in_order_no_deadlock (order c) (locals c)).
  - intros s Hre K HK t. destruct (K t) eqn:Ht; [|easy]. exfalso.
    pose proof (nothing_lost_no_leaks _ Hc Hl) as Hleak.
    assert (Hk : exists other, In other (kinds_of (locals c))).
    { destruct (HK t Ht) as [Hend Hmove].
      assert (Htakes : forall a p, In (a, p) (steps W t (at_point s t)) -> exists r n, a = Take r n).
      { intros a p Hin. destruct a as [r n|r n|r n|]; [eauto| | |]; exfalso;
          assert (could_move (keepers K s) s t = true) by (apply existsb_exists; eexists; split; [exact Hin|easy]);
          congruence. }
      destruct (steps W t (at_point s t)) as [|[a p] l] eqn:Es; [unfold ended in Hend; now rewrite Es in Hend|].
      destruct (Htakes a p (or_introl eq_refl)) as (r & n & ->).
      destruct (every_task_is_in_a_local_state _ Hc s Hre t) as (x & Hx & H1 & H2 & _).
      exists {| of_template := runs x; waits_for := r; units := n; has := holding x |}.
      apply in_flat_map. exists x. split; [easy|]. unfold can_do.
      rewrite H1, H2, <- (runs_its_program declared), Es. now left. }
    destruct Hk as [other _].
    rewrite (certified_no_deadlock same_template template_of instances (kinds_of (locals c)) all programs
      (all_resources declared) (instances_counted declared) (kind_found other (locals c)) Hleak
      (a_kind_is_found _ other Hc) (refutations c) He s Hre K HK t) in Ht. easy.
Qed.

Theorem checked_nobody_starves (c : certificate) : proves_nobody_starves c = true ->
  forall (s : state W) (t : T), reachable s -> ended s t = false -> can_ever_move s t.
Proof.
  intros H. unfold proves_nobody_starves in H. apply andb_true_iff in H as [Hd Hs].
  apply no_stuck_set_nobody_starves.
  - apply (sinks_drains (locals c) (ranks c)); [|easy]. unfold proves_no_deadlock in Hd.
    now rewrite !andb_true_iff in Hd.
  - intros s K Hre HK. now apply (checked_no_deadlock c Hd s Hre).
Qed.

End OneSystem.
