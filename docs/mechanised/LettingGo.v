(** * Letting go: who never moves again is stuck in the end

    Proves, of docs/proofs.md, "Letting go": if tasks that get what they ask for let go of all they
    hold ([everybody_drains]), then from each state of a run each task that has not ended either
    can move on some continuation, or is in a stuck set of some state of a continuation
    ([moves_or_is_stuck_in_the_end]). So

    - [no_stuck_set_nobody_starves]: where no state has a stuck set, every task that has not ended
      can move on some continuation; and all that is held can be given back;
    - [no_circle_nobody_starves]: the same, where what is held while asked for has no circle;
    - of docs/search.md, "Stuck sets": the reduction may find a set later than it is lost
      ([the_set_may_close_later]), but a set that is lost does close.

    [drains] is word for word that of the page: in each situation in which the task can move, it
    can move to where it drains in one step less. Queues, CPUs and idle waits are left out. *)

From Coq Require Import List Arith Bool Lia Relations.
From Kmapcheck Require Import System Stuck Order Invariants.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

Definition own_after (a : action R) (own : R -> nat) (q : R) : nat :=
  match a with
  | Take r n => own q + if is_resource q r then n else 0
  | Give r n => if n <=? own r then own q - (if is_resource q r then n else 0) else own q
  | Refused _ _ | Silent => own q
  end.

(** In a situation, described by which requests are granted there. *)
Definition allowed (grants : R -> nat -> bool) (a : action R) : bool :=
  match a with Take r n => grants r n | Refused r n => negb (grants r n) | Give _ _ | Silent => true end.

Fixpoint drains (t : T) (k : nat) (x : point W) (own : R -> nat) : Prop :=
  (forall r, own r = 0) \/
  match k with
  | 0 => False
  | S k => steps W t x <> [] /\
    forall grants, existsb (fun step => allowed grants (fst step)) (steps W t x) = true ->
      exists a y, In (a, y) (steps W t x) /\ allowed grants a = true /\ drains t k y (own_after a own)
  end.

Definition everybody_drains : Prop :=
  forall s t, reachable s -> exists k, drains t k (at_point s t) (holds s t).

Lemma drains_ext t : forall k x own own', (forall r, own' r = own r) -> drains t k x own -> drains t k x own'.
Proof.
  induction k as [|k IH]; intros x own own' E [H|H]; simpl.
  - left. intros r. now rewrite E.
  - easy.
  - left. intros r. now rewrite E.
  - right. destruct H as [Hne H]. split; [easy|]. intros grants Hg.
    destruct (H grants Hg) as (a & y & Hin & Ha & Hd). exists a, y. repeat split; auto.
    revert Hd. apply IH. intros r. destruct a as [q n|q n|q n|]; simpl; now rewrite ?E.
Qed.

Lemma holds_after_self (s : state W) t a p r : holds (step_to s t a p) t r = own_after a (holds s t) r.
Proof.
  unfold holds at 1. simpl. destruct a as [q n|q n|q n|]; simpl; try easy.
  - rewrite amount_app, amount_repeat. unfold of_both at 1; simpl. rewrite is_task_refl; simpl.
    fold (holds s t r). destruct (is_resource r q); lia.
  - fold (holds s t q). destruct (n <=? holds s t q) eqn:E; [|easy]. apply Nat.leb_le in E.
    pose proof (amount_without t q n (held s) (of_both t r) E) as H. unfold of_both at 3 in H; simpl in H.
    rewrite is_task_refl in H; simpl in H. fold (holds s t r) in H. destruct (is_resource r q); lia.
Qed.

Lemma drains_step (s : state W) t a p k : drains t k p (own_after a (holds s t)) ->
  drains t k (at_point (step_to s t a p) t) (holds (step_to s t a p) t).
Proof. rewrite at_point_self. apply drains_ext. intros r. apply holds_after_self. Qed.

Definition movable (s : state W) (t : T) : bool :=
  existsb (fun step => possible s t (fst step)) (steps W t (at_point s t)).

Lemma movable_true (s : state W) t : movable s t = true <-> can_move s t.
Proof.
  unfold movable. rewrite existsb_exists. split.
  - intros ([a p] & Hin & Ha). exists (step_to s t a p). now exists a p.
  - intros (s' & [a p Hin Ha _]). now exists (a, p).
Qed.

Definition has_something (s : state W) (t : T) : bool := existsb (fun e => is_task t (fst e)) (held s).

Lemma has_something_true (s : state W) t : has_something s t = true <-> exists r, 0 < holds s t r.
Proof.
  unfold has_something. rewrite existsb_exists. split.
  - intros ([u r] & Hin & E). apply is_task_true in E. simpl in E. subst u. exists r. now apply holds_positive.
  - intros (r & H). exists (t, r). split; [now apply holds_positive|apply is_task_refl].
Qed.

(** If nobody of those who hold something can move, they are stuck, and so is who waits for them. *)
Lemma nobody_moves_stuck (s : state W) (l : list T) (t : T) :
  (forall u, has_something s u = true -> In u l) -> In t l -> ended s t = false ->
  (forall u, has_something s u = true -> ended s u = false) ->
  (forall u, In u l -> has_something s u = true \/ u = t -> movable s u = false) ->
  stuck (fun u => has_something s u || is_task u t) s.
Proof.
  intros Hl Ht Het He Hno u Hu.
  assert (Hu' : has_something s u = true \/ u = t).
  { apply orb_true_iff in Hu as [?|Hu]; [now left|right; now apply is_task_true]. }
  assert (Hul : In u l) by (destruct Hu' as [?| ->]; auto).
  split; [destruct Hu' as [?| ->]; auto|].
  destruct (could_move (keepers (fun v => has_something s v || is_task v t) s) s u) eqn:E; [|easy].
  rewrite <- (Hno u Hul Hu'). symmetry. unfold could_move in E. apply existsb_exists in E as ([a p] & Hin & Ha).
  assert (Hposs : possible s u a = true -> movable s u = true).
  { intros H. apply existsb_exists. exists (a, p). now split. }
  destruct a as [r n|r n|r n|]; simpl in Ha, Hposs; auto.
  - apply Hposs. unfold available. rewrite used_by_all in Ha; [easy|].
    intros v Hv. unfold keepers. apply orb_true_iff. left. apply orb_true_iff. left.
    apply has_something_true. eauto.
  - destruct (available s u r n) eqn:Er; [|auto].
    destruct (refused_or_granted W u _ r n p Hin) as (q & Hq). apply existsb_exists. exists (Take r n, q). now split.
Qed.

Lemma choose_numbers (P : T -> nat -> Prop) l : (forall u, In u l -> exists k, P u k) ->
  exists d, forall u, In u l -> P u (d u).
Proof.
  induction l as [|t l IH]; intros H; [now exists (fun _ => 0)|].
  destruct IH as [d Hd]; [intros u Hu; apply H; now right|].
  destruct (H t (or_introl eq_refl)) as [k Hk].
  exists (fun u => if same_task W u t then k else d u). intros u Hu.
  destruct (same_task W u t) as [->|Hn]; [easy|]. apply Hd. destruct Hu; [congruence|easy].
Qed.

Lemma sum_less (f g : T -> nat) l u : In u l -> f u < g u -> (forall v, f v <= g v) -> sum f l < sum g l.
Proof.
  intros Hin Hlt Hle. induction l as [|v l IH]; [easy|]. simpl. pose proof (Hle v).
  destruct Hin as [->|Hin]; [|specialize (IH Hin); lia].
  assert (sum f l <= sum g l) by (apply sum_le; auto). lia.
Qed.

(** What the induction below goes over: how many steps the tasks on the list need at most. *)
Lemma all_let_go (l : list T) (t : T) : In t l -> forall n s d,
  sum d l <= n -> reachable s -> ended s t = false ->
  (forall u, has_something s u = true -> In u l) ->
  (forall u, In u l -> drains u (d u) (at_point s u) (holds s u)) ->
  can_ever_move s t \/ exists s' K, continues s s' /\ stuck K s' /\ K t = true.
Proof.
  intros Ht. induction n as [n IH] using (well_founded_induction lt_wf).
  intros s d Hn Hre He Hl Hd.
  destruct (movable s t) eqn:Em.
  { left. exists s. split; [constructor|]. now apply movable_true. }
  destruct (existsb (fun u => has_something s u && movable s u) l) eqn:E.
  - apply existsb_exists in E as (u & Hu & E). apply andb_true_iff in E as [Hh Hm].
    assert (Hut : u <> t) by congruence.
    specialize (Hd u Hu) as Hdu. apply has_something_true in Hh as (r & Hr).
    destruct (d u) as [|k] eqn:Edu; simpl in Hdu; (destruct Hdu as [Hz|Hdu]; [specialize (Hz r); lia|]); [easy|].
    destruct Hdu as [_ Hdu]. destruct (Hdu (available s u)) as (a & y & Hin & Ha & Hdy).
    { unfold movable in Hm. apply existsb_exists in Hm as ([b z] & Hb & Hp). apply existsb_exists.
      exists (b, z). split; [easy|]. now destruct b. }
    assert (Hstep : step u s (step_to s u a y)) by (exists a y; try easy; now destruct a).
    set (d' := fun v => if same_task W v u then k else d v).
    assert (Hlt : sum d' l < sum d l).
    { apply sum_less with (u := u); [easy| |]; unfold d'.
      - destruct (same_task W u u); [lia|easy].
      - intros v. destruct (same_task W v u) as [->|]; lia. }
    destruct (IH (sum d' l)) with (s := step_to s u a y) (d := d') as [(s' & Hc & Hm')|(s' & K & Hc & HK)]; try easy.
    + lia.
    + eapply reachable_continues; [exact Hre|]. eapply one_step; eauto.
    + now rewrite ended_other.
    + intros v Hv. destruct (same_task W v u) as [->|Hvu]; [easy|]. apply Hl. apply has_something_true in Hv as (q & Hq).
      apply has_something_true. exists q. now rewrite holds_after_other in Hq by congruence.
    + intros v Hv. unfold d'. destruct (same_task W v u) as [->|Hvu].
      * now apply drains_step.
      * rewrite at_point_other by congruence. eapply drains_ext; [|now apply Hd].
        intros q. apply holds_after_other. congruence.
    + left. exists s'. split; [|easy]. eapply goes_on; eauto.
    + right. exists s', K. split; [|easy]. eapply goes_on; eauto.
  - right. exists s, (fun u => has_something s u || is_task u t). split; [constructor|].
    split; [|now rewrite is_task_refl, orb_true_r].
    apply (nobody_moves_stuck s l t); try easy.
    + intros u Hu. pose proof Hu as Hh. apply has_something_true in Hh as (r & Hr).
      unfold ended. specialize (Hd u (Hl u Hu)).
      destruct (d u); (destruct Hd as [Hz|Hd]; [specialize (Hz r); lia|]); [easy|].
      destruct Hd as [Hne _]. now destruct (steps W u (at_point s u)).
    + intros u Hu [Hh| ->]; [|easy]. destruct (movable s u) eqn:Emu; [|easy].
      enough (existsb (fun u => has_something s u && movable s u) l = true) by congruence.
      apply existsb_exists. exists u. split; [easy|]. now rewrite Hh.
Qed.

Theorem moves_or_is_stuck_in_the_end : everybody_drains ->
  forall (s : state W) (t : T), reachable s -> ended s t = false ->
  can_ever_move s t \/ exists s' K, continues s s' /\ stuck K s' /\ K t = true.
Proof.
  intros Hdr s t Hre He. set (l := t :: map fst (held s)).
  destruct (choose_numbers (fun u k => drains u k (at_point s u) (holds s u)) l) as [d Hd].
  { intros u _. auto. }
  apply (all_let_go l t) with (n := sum d l) (d := d); auto.
  - now left.
  - intros u Hu. right. apply has_something_true in Hu as (r & Hr). apply holds_positive in Hr.
    now apply (in_map fst _ _ Hr).
Qed.

Theorem no_stuck_set_nobody_starves : everybody_drains ->
  (forall (s : state W) K, reachable s -> stuck K s -> forall t, K t = false) ->
  forall (s : state W) (t : T), reachable s -> ended s t = false -> can_ever_move s t.
Proof.
  intros Hdr Hno s t Hre He.
  destruct (moves_or_is_stuck_in_the_end Hdr s t Hre He) as [|(s' & K & Hc & HK & Ht)]; [easy|].
  rewrite (Hno s' K) in Ht; [easy| |easy]. eapply reachable_continues; eauto.
Qed.

(** Who drains does not end with something in hand. *)
Lemma drains_no_leaks : everybody_drains -> no_leaks (W := W).
Proof.
  intros Hdr s t r Hre He. destruct (Hdr s t Hre) as [k Hk]. unfold ended in He.
  destruct k as [|k]; destruct Hk as [Hz|Hk]; auto; [easy|]. destruct Hk as [Hne _].
  now destruct (steps W t (at_point s t)).
Qed.

Theorem no_circle_nobody_starves (all : list R) :
  (forall r, In r all) ->
  (forall r, ~ clos_trans R (held_while_asked (W := W)) r r) ->
  asks_for_what_there_is (W := W) -> everybody_drains ->
  forall (s : state W) (t : T), reachable s -> ended s t = false -> can_ever_move s t.
Proof.
  intros Hall Hcirc Hask Hdr. apply no_stuck_set_nobody_starves; [easy|].
  intros s K Hre HK. exact (no_circle_nobody_stuck all Hall Hcirc Hask (drains_no_leaks Hdr) s Hre K HK).
Qed.

End OneSystem.
