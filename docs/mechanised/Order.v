(** * Order: without a circle nobody is ever stuck

    Proves, of docs/proofs.md, "Order": if the relation "held while asked for" has no circle, no
    state of any run has a stuck set. The number of tasks (it may be infinite), of slots and of
    units does not matter, nor do loops and branches. docs/rules.md rests on the same argument.

    [no_circle_nobody_stuck] needs, as the page says, that a thing is missing only if a task holds
    it: so what is asked for at once must be there ([asks_for_what_there_is]: so many units and
    those kept for holders besides), and no task may end with something in hand ([no_leaks]).
    [circle_free_is_well_founded] is the step from "no circle" to an order.

    Left out, as in System.v: readers and writers, queues, CPUs. A task may wait for several things
    at once ([select]); then all of them count as asked for. *)

From Coq Require Import List Arith Bool Lia Relations Wellfounded.
From Kmapcheck Require Import System Stuck.
Import ListNotations.

(** ** No circle among finitely many things: an order *)

Section NoCircle.
Context {A : Type} (same : forall x y : A, {x = y} + {x <> y}).
Variable before : A -> A -> Prop.
Variable all : list A.
Hypothesis finite : forall x, In x all.
Hypothesis no_circle : forall x, ~ clos_trans A before x x.

Definition later (y x : A) : Prop := before x y.

Let unseen (visited : list A) (x : A) : bool := if in_dec same x visited then false else true.
Let left (visited : list A) : nat := length (filter (unseen visited) all).

Lemma fewer_left x visited : ~ In x visited -> left (x :: visited) < left visited.
Proof.
  intros Hx. unfold left. specialize (finite x). clear no_circle.
  assert (Hv : forall y, unseen (x :: visited) y = true -> unseen visited y = true).
  { intros y. unfold unseen. destruct (in_dec same y (x :: visited)) as [H|H]; [easy|].
    destruct (in_dec same y visited) as [H'|H']; [|easy]. destruct H. now right. }
  assert (Hx1 : unseen (x :: visited) x = false).
  { unfold unseen. destruct (in_dec same x (x :: visited)) as [|H]; [easy|]. destruct H. now left. }
  assert (Hx2 : unseen visited x = true).
  { unfold unseen. now destruct (in_dec same x visited). }
  assert (Hle : forall l, length (filter (unseen (x :: visited)) l) <= length (filter (unseen visited) l)).
  { induction l as [|z l IH]; [easy|]. cbn [filter]. specialize (Hv z).
    destruct (unseen (x :: visited) z) eqn:E; [rewrite Hv by easy; cbn [length]; lia|].
    destruct (unseen visited z); cbn [length]; lia. }
  induction all as [|y l IH]; [easy|]. cbn [filter]. destruct finite as [->|Hin].
  - rewrite Hx1, Hx2. cbn [length]. specialize (Hle l). lia.
  - specialize (IH Hin). cbv zeta in IH. specialize (Hv y).
    destruct (unseen (x :: visited) y) eqn:E; [rewrite Hv by easy; cbn [length]; lia|].
    destruct (unseen visited y); cbn [length]; lia.
Qed.

Theorem circle_free_is_well_founded : well_founded later.
Proof.
  assert (H : forall n visited x, left visited <= n ->
      (forall v, In v visited -> clos_trans A before v x) -> Acc later x).
  { induction n as [|n IH]; intros visited x Hn Hv.
    - exfalso. assert (~ In x visited) as Hx by (intros Hx; apply (no_circle x); auto).
      pose proof (fewer_left x visited Hx). lia.
    - assert (~ In x visited) as Hx by (intros Hx; apply (no_circle x); auto).
      constructor. intros y Hy. unfold later in Hy.
      apply (IH (x :: visited)).
      + pose proof (fewer_left x visited Hx). lia.
      + intros v [->|Hin]; [now apply t_step|]. eapply t_trans; [now apply Hv|now apply t_step]. }
  intros x. apply (H (left []) []); [easy|]. intros v [].
Qed.
End NoCircle.

(** ** Nobody is ever stuck *)

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

Definition asks (s : state W) (t : T) (r : R) (n : nat) : Prop :=
  exists p, In (Take r n, p) (steps W t (at_point s t)).

(** In some run a task holds [r] at a point at which it asks for [q]. *)
Definition held_while_asked (r q : R) : Prop :=
  exists s t n, reachable s /\ 0 < holds s t r /\ asks s t q n.

Definition asks_for_what_there_is : Prop :=
  forall s t r n, reachable s -> asks s t r n -> n + kept_for_holders W r <= capacity W r.

Definition no_leaks : Prop :=
  forall (s : state W) t r, reachable s -> ended s t = true -> holds s t r = 0.

(** Who is stuck asks for something, which a task that is stuck as well keeps from it. *)
Lemma stuck_task_waits_for_another K s t : asks_for_what_there_is -> no_leaks ->
  reachable s -> stuck K s -> K t = true ->
  exists r n, asks s t r n /\
    forall q m, asks s t q m -> exists u, K u = true /\ 0 < holds s u q.
Proof.
  intros Hask Hleak Hre HK Ht. destruct (HK t Ht) as [He Hc]. unfold ended in He.
  assert (Hall : forall q m, asks s t q m -> exists u, K u = true /\ 0 < holds s u q).
  { intros q m Hq. pose proof (Hask s t q m Hre Hq) as Hcap. destruct Hq as [p Hin].
    assert (Hfit : fits s t q m (used_by (keepers K s) s q) = false).
    { destruct (fits s t q m (used_by (keepers K s) s q)) eqn:E; [|easy].
      enough (could_move (keepers K s) s t = true) by congruence.
      apply existsb_exists. exists (Take q m, p). now split. }
    unfold fits in Hfit. apply Nat.leb_gt in Hfit.
    assert (reserve s t q <= kept_for_holders W q) by (unfold reserve; destruct (_ =? 0); lia).
    destruct (used_by_positive (keepers K s) s q) as (u & Hu & Hhu); [lia|].
    exists u. split; [|easy]. unfold keepers in Hu. apply orb_true_iff in Hu as [?|Hu]; [easy|].
    specialize (Hleak s u q Hre Hu). lia. }
  destruct (steps W t (at_point s t)) as [|[a p] l] eqn:El; [easy|].
  destruct a as [r n|r n|r n|].
  - exists r, n. split; [|easy]. exists p. rewrite El. now left.
  - exfalso. enough (could_move (keepers K s) s t = true) by congruence.
    apply existsb_exists. exists (Refused r n, p). rewrite El. split; [now left|easy].
  - exfalso. enough (could_move (keepers K s) s t = true) by congruence.
    apply existsb_exists. exists (Give r n, p). rewrite El. split; [now left|easy].
  - exfalso. enough (could_move (keepers K s) s t = true) by congruence.
    apply existsb_exists. exists (Silent, p). rewrite El. split; [now left|easy].
Qed.

Theorem no_circle_nobody_stuck (all : list R) :
  (forall r, In r all) ->
  (forall r, ~ clos_trans R held_while_asked r r) ->
  asks_for_what_there_is -> no_leaks ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros Hall Hcirc Hask Hleak s Hre K HK.
  pose proof (circle_free_is_well_founded (same_resource W) held_while_asked all Hall Hcirc) as Hwf.
  assert (nobody : forall r u n, K u = true -> asks s u r n -> False).
  { intros r. induction (Hwf r) as [r _ IH]. intros u n Hu Hr.
    destruct (stuck_task_waits_for_another K s u Hask Hleak Hre HK Hu) as (_ & _ & _ & H).
    destruct (H r n Hr) as (v & Hv & Hh).
    destruct (stuck_task_waits_for_another K s v Hask Hleak Hre HK Hv) as (q & m & Hq & _).
    apply (IH q) with (u := v) (n := m); try easy. exists s, v, m. now repeat split. }
  intros t. destruct (K t) eqn:Ht; [|easy]. exfalso.
  destruct (stuck_task_waits_for_another K s t Hask Hleak Hre HK Ht) as (r & n & Hr & _).
  eapply nobody; eauto.
Qed.

End OneSystem.
