(** * No more units are held than there are, by as many tasks as there are

    About Scenario.v: two things that are so in each state of each run. Each task runs the program
    that it began with ([each_runs_its_program]), and of each pool that tasks share no more units are
    held than it has ([no_more_units_than_there_are]). ScenarioEquations.v uses both. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario Closed Ordered Ends.
Import ListNotations.

Lemma is_held_true x y : is_held x y = true <-> x = y.
Proof.
  unfold is_held, is_name, is_mode. destruct x as [l m], y as [k j]; simpl.
  destruct (name_eq l k), (mode_eq m j); simpl; split; intros H; congruence.
Qed.

Lemma amount_hold x y n l : amount x (hold y n l) = (if is_held x y then n else 0) + amount x l.
Proof.
  induction l as [|[z k] l IH]; simpl; [lia|]. destruct (is_held y z) eqn:E.
  - apply is_held_true in E as <-. simpl. destruct (is_held x y); lia.
  - destruct (lock_before y z); simpl; [lia|]. rewrite IH. lia.
Qed.

Lemma amount_let_go x y n l : amount x (let_go y n l) <= amount x l.
Proof.
  induction l as [|[z k] l IH]; simpl; [lia|]. destruct (is_held y z).
  - destruct (k =? n); simpl; [lia|]. destruct (is_held x z); lia.
  - simpl. lia.
Qed.

Section OneScenario.
Variable P : scenario.

Lemma undo_held x fits o : undo P x fits = Some o -> held (fst o) = held x.
Proof.
  unfold undo. destruct (latest fits (maps x)) as [[[l m] r]|]; [|easy].
  destruct m as [[i|i] asked lies|q|q t|q]; try (intros [= <-]; easy).
  - intros [= <-]. simpl. now destruct (keeps_mappings P lies && _).
  - destruct (existsb is_local l); [easy|]. now intros [= <-].
Qed.

(** What an operation makes of what is held. *)
Definition held_by (x y : local) (c : list condition) : Prop :=
  held y = held x \/ (exists l m n, held y = let_go (l, m) n (held x)) \/
  exists l m n, held y = hold (l, m) n (held x) /\ (m = Units -> In (FitsIn l n) c).

Lemma operation_held x o c y e : In (c, (y, e)) (operation_ways P x o) -> held_by x y c.
Proof.
  assert (Hskip : forall r, (forall u, r = Some u -> held (fst u) = held x) ->
      In (c, (y, e)) (or_skipped x r) -> held_by x y c).
  { intros r Hr [H|[]]. left. destruct r as [u|]; injection H as _ H; [|congruence].
    specialize (Hr u eq_refl). now rewrite H in Hr. }
  assert (Hkmap : forall p s b, In (c, (y, e)) (kmap_ways P x p s b) -> held_by x y c).
  { intros p s b. unfold kmap_ways. destruct (in_low_memory _); [intros [[= _ <- _]|[]]; now left|].
    intros H. apply in_app_iff in H as [H|[H|H]]; left.
    - apply in_map_iff in H as (s' & H & _). destruct p; now injection H as _ <- _.
    - now injection H as _ <- _.
    - destruct b; [destruct H as [H|[]]; now injection H as _ <- _|easy]. }
  assert (Hacquire : forall l m n, In (c, (y, e)) (acquire_ways x l m n) -> held_by x y c).
  { intros l m n [H|[]]. right. right. injection H as <- <- _. exists l, m, n. split; [easy|]. intros ->. now left. }
  destruct o; simpl; try apply Hacquire; try (now intros [[= _ <- _]|[]]; left); try apply Hkmap;
    try (apply Hskip; intros u; apply undo_held); try easy.
  - apply Hskip. intros u. destruct (latest is_local (maps x)) as [[[l m] r]|]; [|easy].
    destruct (mapping_of p m); [now intros [= <-]|easy].
  - intros [H|[]]. destruct (_ && _); injection H as _ <- _; [right; left; now exists l, m, n|now left].
  - apply Hskip. intros u. destruct (is_locked x p); [now intros [= <-]|easy].
Qed.

Variable Z : sizes.

Lemma steps_runs_and_held st x o : In o (steps P Z st x) -> runs (fst o) = runs x /\
  (held (fst o) = held x \/ exists c, forallb (is_so P Z st x) c = true /\ held_by x (fst o) c).
Proof.
  unfold steps. destruct (possible_ways P Z st x) as [|w l] eqn:Ep.
  - intros Ho. unfold otherwise in Ho. destruct (at_node x) as [a|]; [|easy].
    destruct (node_at P x a) as [d|]; [|easy].
    destruct (does d); cbn [is_try] in Ho; try (destruct (gives_up d); [|easy]);
      destruct Ho as [<-|[]]; split; auto.
  - rewrite <- Ep. intros Ho. apply in_map_iff in Ho as ([c [y e]] & <- & Hw). unfold possible_ways in Hw.
    apply filter_In in Hw as [Hw Hso]. simpl in *. unfold ways in Hw.
    destruct (at_node x) as [a|]; [|easy]. destruct (node_at P x a) as [d|]; [|easy].
    assert (Harr : forall f b, In (c, (y, e)) (map (arrives b) (operation_ways P x f)) ->
        runs y = runs x /\ held_by x y c).
    { intros f b Hin. apply in_map_iff in Hin as ([c' [y' e']] & H' & Hin). injection H' as <- <- _.
      pose proof (operation_runs P x f c' y' e' Hin). pose proof (operation_held x f c' y' e' Hin). now split. }
    assert (Hend : (runs y = runs x /\ held_by x y c) ->
        runs y = runs x /\ (held y = held x \/ exists c, forallb (is_so P Z st x) c = true /\ held_by x y c)).
    { intros [H1 H2]. split; [easy|]. right. eauto. }
    destruct (does d); try (apply Hend, (Harr _ _ Hw)).
    + apply in_map_iff in Hw as (t & H' & _). injection H' as _ <- _. auto.
    + apply in_flat_map in Hw as ([b|] & _ & Hw); [|easy]. destruct (node_at P x b) as [f|]; [|easy].
      apply Hend, (Harr _ _ Hw).
Qed.

Lemma total_put_eq f i (x y : local) ts : nth_error ts i = Some x -> total f (put i y ts) + f x = total f ts + f y.
Proof.
  unfold total. revert i; induction ts as [|z ts IH]; intros [|i] Hi; simpl in *; try easy.
  - injection Hi as ->. lia.
  - specialize (IH i Hi). lia.
Qed.

Lemma map_put {B} (f : local -> B) i (x y : local) ts : nth_error ts i = Some x -> f y = f x ->
  map f (put i y ts) = map f ts.
Proof.
  revert i; induction ts as [|z ts IH]; intros [|i] Hi Hf; simpl in *; try easy.
  - injection Hi as ->. congruence.
  - now rewrite (IH i).
Qed.

Theorem each_runs_its_program ts st : reachable P Z ts st -> map runs (tasks st) = ts.
Proof.
  induction 1 as [|st st' _ IH [i x o Hi Ho]].
  - simpl. rewrite !map_map. rewrite <- (map_id ts) at 2. apply map_ext. intros t.
    unfold parted. now destruct (ended (begins P t)).
  - apply steps_runs_and_held in Ho as [Hr _]. destruct o as [y e]. simpl in *.
    assert (Hp : runs (parted y) = runs x) by (unfold parted; destruct (ended y); simpl; congruence).
    destruct e as [|s|p s|p s|c n|c n]; try (now rewrite (map_put runs i x)).
    rewrite (map_put runs i (flush_local s x)); [|now apply map_nth_error|easy].
    rewrite map_map. simpl. exact IH.
Qed.

Theorem no_more_units_than_there_are ts st : reachable P Z ts st ->
  forall l, total_held (tasks st) (Shared l) Units <= units_in Z l.
Proof.
  induction 1 as [|st st' _ IH [i x o Hi Ho]]; intros l.
  - unfold total_held, total. simpl. rewrite map_map. induction ts as [|t ts IHt]; simpl; [lia|].
    assert (held (parted (begins P t)) = []) as -> by (unfold parted; now destruct (ended (begins P t))). simpl. easy.
  - apply steps_runs_and_held in Ho as [_ Hh]. destruct o as [y e]. simpl in *. specialize (IH l).
    set (f := fun x => amount (Shared l, Units) (held x)).
    assert (Hpart : f (parted y) = f y) by (unfold f, parted; now destruct (ended y)).
    assert (Hsum : total f (put i (parted y) (match e with Flushes s => map (flush_local s) (tasks st) | _ => tasks st end))
        + f x = total f (tasks st) + f y).
    { rewrite <- Hpart. destruct e as [|s|p s|p s|c n|c n]; try (now apply total_put_eq).
      pose proof (total_put_eq f i (flush_local s x) (parted y) (map (flush_local s) (tasks st))
        (map_nth_error (flush_local s) i (tasks st) Hi)) as H1.
      rewrite (total_map f (flush_local s)) in H1 by easy. exact H1. }
    unfold total_held in *. fold f in IH |- *.
    destruct Hh as [Hh|(c & Hc & [Hh|[(k & m & n & Hh)|(k & m & n & Hh & Hfit)]])].
    + assert (f y = f x) by (unfold f; now rewrite Hh). lia.
    + assert (f y = f x) by (unfold f; now rewrite Hh). lia.
    + assert (f y <= f x) by (unfold f; rewrite Hh; apply amount_let_go). lia.
    + assert (Hy : f y = (if is_held (Shared l, Units) (k, m) then n else 0) + f x)
        by (unfold f; rewrite Hh; apply amount_hold).
      destruct (is_held (Shared l, Units) (k, m)) eqn:E; [|lia].
      apply is_held_true in E. injection E as <- <-. rewrite forallb_forall in Hc.
      specialize (Hc _ (Hfit eq_refl)). simpl in Hc. apply Nat.leb_le in Hc. unfold total_held in Hc. fold f in Hc. lia.
Qed.

End OneScenario.
