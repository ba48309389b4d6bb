(** * No more units are held than there are, by as many tasks as there are

    About Scenario.v: three things that are so in each state of each run. Each task runs the program
    that it began with ([each_runs_its_program]). Of each pool that tasks share no more units are
    held than it has ([no_more_units_than_there_are]). Nobody holds a lock for reading while somebody
    holds it for writing ([readers_keep_writers_out]). Closed.v and ScenarioEquations.v use them. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario.
Import ListNotations.

Lemma total_map f g (ts : list local) : (forall x, f (g x) = f x) -> total f (map g ts) = total f ts.
Proof. intros H. induction ts as [|x ts IH]; simpl; [easy|]. now rewrite H, <- IH. Qed.

Lemma total_at_least f ts (x : local) : In x ts -> f x <= total f ts.
Proof. induction ts as [|y ts IH]; simpl; [easy|]. intros [->|H]; [|specialize (IH H)]; lia. Qed.

Lemma in_put {A} i (y z : A) l : In z (put i y l) -> z = y \/ In z l.
Proof.
  revert i; induction l as [|w l IH]; intros [|i]; simpl; try easy; [intuition|].
  intros [->|H]; [auto|]. destruct (IH i H); auto.
Qed.


(** How many of a list are so. *)

Lemma count_as_many {A} (f g : A -> bool) l : (forall p, f p = true -> g p = true) ->
  length (filter f l) <= length (filter g l).
Proof.
  intros H. induction l as [|p l IH]; simpl; [lia|]. destruct (f p) eqn:E; [rewrite (H p E)|destruct (g p)]; simpl; lia.
Qed.

Lemma count_one_more {A} (f g : A -> bool) p0 l : NoDup l -> (forall p, f p = true -> g p = true \/ p = p0) ->
  length (filter f l) <= length (filter g l) + 1.
Proof.
  intros Hn H. induction Hn as [|p l Hp _ IH]; simpl; [lia|].
  destruct (f p) eqn:E; [|destruct (g p); simpl; lia]. destruct (H p E) as [Eg| ->]; [rewrite Eg; simpl; lia|].
  assert (length (filter f l) <= length (filter g l)); [|destruct (g p0); simpl; lia].
  clear IH E. induction l as [|q l IH]; simpl; [lia|].
  assert (IH' : length (filter f l) <= length (filter g l)) by (apply IH; intros Hl; apply Hp; now right).
  destruct (f q) eqn:E; [|destruct (g q); simpl; lia]. destruct (H q E) as [Eg| ->]; [rewrite Eg; simpl; lia|].
  destruct Hp. now left.
Qed.

Lemma count_one_less {A} (f g : A -> bool) p0 l : (forall p, f p = true -> g p = true) ->
  f p0 = false -> g p0 = true -> In p0 l -> length (filter f l) + 1 <= length (filter g l).
Proof.
  intros H Hf Hg. induction l as [|p l IH]; simpl; [easy|]. pose proof (count_as_many f g l H) as Hle. intros [->|Hin].
  - rewrite Hf, Hg. simpl. lia.
  - specialize (IH Hin). destruct (f p) eqn:E; [rewrite (H p E)|destruct (g p)]; simpl; lia.
Qed.

Lemma existsb_counted {A} (f : A -> bool) l : existsb f l = (0 <? length (filter f l)).
Proof. induction l as [|x l IH]; simpl; [easy|]. destruct (f x); simpl; [easy|exact IH]. Qed.

(** ** What is held *)

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

Lemma undo_runs x fits o : undo P x fits = Some o -> runs (fst o) = runs x.
Proof.
  unfold undo. destruct (latest fits (maps x)) as [[[l m] r]|]; [|easy].
  destruct m as [[i|i] asked lies|q|q t|q]; try (intros [= <-]; easy).
  - intros [= <-]. simpl. now destruct (keeps_mappings P lies && _).
  - destruct (existsb is_local l); [easy|]. now intros [= <-].
Qed.

Lemma operation_runs x o c y e : In (c, (y, e)) (operation_ways P x o) -> runs y = runs x.
Proof.
  assert (Hskip : forall r, (forall u, r = Some u -> runs (fst u) = runs x) ->
      In (c, (y, e)) (or_skipped x r) -> runs y = runs x).
  { intros r Hr [H|[]]. destruct r as [u|]; injection H as _ H; [|congruence].
    specialize (Hr u eq_refl). now rewrite H in Hr. }
  assert (Hkmap : forall p s b, In (c, (y, e)) (kmap_ways P x p s b) -> runs y = runs x).
  { intros p s b. unfold kmap_ways. destruct (in_low_memory _); [intros [[= _ <- _]|[]]; easy|].
    intros H. apply in_app_iff in H as [H|[H|H]].
    - apply in_map_iff in H as (s' & H & _). destruct p; now injection H as _ <- _.
    - now injection H as _ <- _.
    - destruct b; [destruct H as [H|[]]; now injection H as _ <- _|easy]. }
  destruct o; simpl; try (now intros [[= _ <- _]|[]]); try apply Hkmap; try (apply Hskip; intros u; apply undo_runs); try easy.
  - apply Hskip. intros u. destruct (latest is_local (maps x)) as [[[l m] r]|]; [|easy].
    destruct (mapping_of p m); [now intros [= <-]|easy].
  - apply Hskip. intros u. destruct (_ && _); [now intros [= <-]|easy].
  - apply Hskip. intros u. destruct (is_locked x p); [now intros [= <-]|easy].
Qed.

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
  exists l m n, held y = hold (l, m) n (held x) /\ match m with
    | Spinning => True
    | Reading => In (NobodyHas l Writing) c
    | Writing => In (NobodyHas l Reading) c
    | Units => In (FitsIn l n) c end.

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
  { intros l m n [H|[]]. right. right. injection H as <- <- _. exists l, m, n. split; [easy|].
    destruct m; simpl; auto. }
  destruct o; simpl; try apply Hacquire; try (now intros [[= _ <- _]|[]]; left); try apply Hkmap;
    try (apply Hskip; intros u; apply undo_held); try easy.
  - apply Hskip. intros u. destruct (latest is_local (maps x)) as [[[l m] r]|]; [|easy].
    destruct (mapping_of p m); [now intros [= <-]|easy].
  - intros [H|[]]. destruct (_ && _); injection H as _ <- _; [right; left; now exists l, m, n|now left].
  - apply Hskip. intros u. destruct (is_locked x p); [now intros [= <-]|easy].
Qed.

Variable Z : sizes.

(** A step gives up, fails or chooses, or is one of an operation of the program. *)
Lemma what_steps_are st x o : In o (steps P Z st x) -> (exists a, o = (goes_to x a, Nothing)) \/
  exists i d c y e b, node_at P x i = Some d /\ In (c, (y, e)) (operation_ways P x (does d)) /\
    forallb (is_so P Z st x) c = true /\ o = (goes_to y b, e).
Proof.
  unfold steps. destruct (possible_ways P Z st x) as [|w l] eqn:Ep.
  - intros Ho. unfold otherwise in Ho. destruct (at_node x) as [a|]; [|easy].
    destruct (node_at P x a) as [d|]; [|easy].
    destruct (does d); cbn [is_try] in Ho; try (destruct (gives_up d); [|easy]);
      destruct Ho as [<-|[]]; left; eauto.
  - rewrite <- Ep. intros Ho. apply in_map_iff in Ho as ([c [y e]] & <- & Hw). unfold possible_ways in Hw.
    apply filter_In in Hw as [Hw Hso]. simpl in *. unfold ways in Hw.
    destruct (at_node x) as [a|]; [|easy]. destruct (node_at P x a) as [d|] eqn:Ed; [|easy].
    assert (Harr : forall i f b, node_at P x i = Some f ->
        In (c, (y, e)) (map (arrives b) (operation_ways P x (does f))) ->
        exists i d c y' e' b, node_at P x i = Some d /\ In (c, (y', e')) (operation_ways P x (does d)) /\
          forallb (is_so P Z st x) c = true /\ (y, e) = (goes_to y' b, e')).
    { intros i f b Hi Hin. apply in_map_iff in Hin as ([c' [y' e']] & H' & Hin). injection H' as <- <- <-.
      exists i, f, c', y', e', b. auto. }
    destruct (does d) eqn:Eo; try (right; apply (Harr a d (target d 0) Ed); now rewrite Eo).
    + apply in_map_iff in Hw as (t & H' & _). injection H' as _ <- <-. left. eauto.
    + apply in_flat_map in Hw as ([b|] & _ & Hw); [|easy]. destruct (node_at P x b) as [f|] eqn:Ef; [|easy].
      right. exact (Harr b f _ Ef Hw).
Qed.

Lemma steps_runs_and_held st x o : In o (steps P Z st x) -> runs (fst o) = runs x /\
  (held (fst o) = held x \/ exists c, forallb (is_so P Z st x) c = true /\ held_by x (fst o) c).
Proof.
  intros H. apply what_steps_are in H as [(a & ->)|(i & d & c & y & e & b & _ & Hin & Hso & ->)]; [now split; [|left]|].
  split; [exact (operation_runs x _ c y e Hin)|]. right. exists c. split; [easy|]. exact (operation_held x _ c y e Hin).
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

Lemma nothing_held_at_first ts l m : total_held (tasks (starts_with P ts)) l m = 0.
Proof.
  unfold total_held, total. simpl. rewrite map_map. induction ts as [|t ts IH]; simpl; [easy|].
  assert (held (parted (begins P t)) = []) as -> by (unfold parted; now destruct (ended (begins P t))). simpl. easy.
Qed.

Lemma held_after st i x y e l m : nth_error (tasks st) i = Some x ->
  total_held (tasks (after st i (y, e))) l m + amount (l, m) (held x) =
  total_held (tasks st) l m + amount (l, m) (held y).
Proof.
  intros Hi. unfold total_held. set (f := fun x => amount (l, m) (held x)).
  change (amount (l, m) (held x)) with (f x). change (amount (l, m) (held y)) with (f y). simpl.
  assert (f y = f (parted y)) as -> by (unfold f, parted; now destruct (ended y)).
  destruct e as [|s|p s|p s|c n|c n]; try (now apply total_put_eq).
  pose proof (total_put_eq f i (flush_local s x) (parted y) (map (flush_local s) (tasks st))
    (map_nth_error (flush_local s) i (tasks st) Hi)) as H1.
  rewrite (total_map f (flush_local s)) in H1 by easy. exact H1.
Qed.

(** How much of a lock a step may add, and what is so then. *)
Lemma held_more st x o l m : In o (steps P Z st x) ->
  amount (l, m) (held (fst o)) <= amount (l, m) (held x) \/
  exists n, amount (l, m) (held (fst o)) = n + amount (l, m) (held x) /\ match m with
    | Spinning => True
    | Reading => is_so P Z st x (NobodyHas l Writing) = true
    | Writing => is_so P Z st x (NobodyHas l Reading) = true
    | Units => is_so P Z st x (FitsIn l n) = true end.
Proof.
  intros Ho. apply steps_runs_and_held in Ho as [_ [->|(c & Hc & Hh)]]; [now left|]. rewrite forallb_forall in Hc.
  destruct Hh as [->|[(k & j & n & ->)|(k & j & n & -> & Hfit)]]; [now left|left; apply amount_let_go|].
  rewrite amount_hold. destruct (is_held (l, m) (k, j)) eqn:E; [|left; lia].
  apply is_held_true in E. injection E as <- <-. right. exists n. split; [easy|]. destruct m; auto.
Qed.

Theorem no_more_units_than_there_are ts st : reachable P Z ts st ->
  forall l, total_held (tasks st) (Shared l) Units <= units_in Z l.
Proof.
  induction 1 as [|st st' _ IH [i x [y e] Hi Ho]]; intros l; [rewrite nothing_held_at_first; lia|].
  pose proof (held_after st i x y e (Shared l) Units Hi) as Hs. specialize (IH l).
  destruct (held_more st x (y, e) (Shared l) Units Ho) as [H|(n & H & Hso)]; simpl in H; [lia|].
  simpl in Hso. apply Nat.leb_le in Hso. lia.
Qed.

(** Nobody reads while somebody writes. *)
Theorem readers_keep_writers_out ts st : reachable P Z ts st ->
  forall l, total_held (tasks st) (Shared l) Reading = 0 \/ total_held (tasks st) (Shared l) Writing = 0.
Proof.
  induction 1 as [|st st' _ IH [i x [y e] Hi Ho]]; intros l; [left; apply nothing_held_at_first|].
  pose proof (held_after st i x y e (Shared l) Reading Hi) as Hr.
  pose proof (held_after st i x y e (Shared l) Writing Hi) as Hw. specialize (IH l).
  destruct (steps_runs_and_held st x (y, e) Ho) as [_ Hh]. simpl in Hh.
  destruct (held_more st x (y, e) (Shared l) Reading Ho) as [Hyr|(n & Hyr & Hso)];
    destruct (held_more st x (y, e) (Shared l) Writing Ho) as [Hyw|(n' & Hyw & Hso')]; simpl in Hyr, Hyw.
  - destruct IH; [left|right]; lia.
  - simpl in Hso'. apply Nat.eqb_eq in Hso'. left; lia.
  - simpl in Hso. apply Nat.eqb_eq in Hso. right; lia.
  - simpl in Hso, Hso'. apply Nat.eqb_eq in Hso, Hso'.
    destruct Hh as [Hh|(c & Hc & [Hh|[(k & m & j & Hh)|(k & m & j & Hh & _)]])]; rewrite Hh in Hyr, Hyw, Hr, Hw.
    + left; lia.
    + left; lia.
    + pose proof (amount_let_go (Shared l, Reading) (k, m) j (held x)). left; lia.
    + rewrite amount_hold in Hyr, Hyw, Hr, Hw. destruct (is_held (Shared l, Reading) (k, m)) eqn:E1.
      * apply is_held_true in E1. rewrite <- E1 in Hyw, Hw. destruct (is_held (Shared l, Writing) _) eqn:E2.
        { now apply is_held_true in E2. }
        right; lia.
      * left; lia.
Qed.

End OneScenario.
