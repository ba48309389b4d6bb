(** * A set that is lost before the reduction finds it

    Of docs/search.md, "Stuck sets": "the reduction may assume that a task outside could still help
    although it never will. If the run goes on, [...] the set closes in a later state, and is found
    there." [the_set_may_close_later] is a state in which a task can never move again and yet is in
    no stuck set. So [reduction_is_exact] in Stuck.v needs its premise, that tasks can let go
    without asking for more; what holds without it is [moves_or_is_stuck_in_the_end] in
    LettingGo.v. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import System Stuck.
Import ListNotations.

(** [Twice] has the lock and asks for it again. [Between] has a slot, and will ask for the lock.
    [Last] waits for the slot. *)
Inductive who : Type := Twice | Between | Last.
Inductive what : Type := Lock | Slot.

Definition program (t : who) (x : nat) : list (action what * nat) :=
  match t, x with
  | Twice, 0 => [(Take Lock 1, 1)]
  | Twice, 1 => [(Take Lock 1, 2)]
  | Twice, 2 => [(Give Lock 2, 3)]
  | Between, 0 => [(Take Slot 1, 1)]
  | Between, 1 => [(Silent, 2)]
  | Between, 2 => [(Take Lock 1, 3)]
  | Between, 3 => [(Give Lock 1, 4)]
  | Between, 4 => [(Give Slot 1, 5)]
  | Last, 0 => [(Take Slot 1, 1)]
  | Last, 1 => [(Give Slot 1, 2)]
  | _, _ => []
  end.

Definition lock_and_slot : system.
Proof.
  refine {| task := who; resource := what; point := nat; capacity := fun _ => 1;
    kept_for_holders := fun _ => 0; start := fun _ => 0; steps := program |}.
  - decide equality.
  - decide equality.
  - intros t x r n y H. exfalso. destruct t; repeat (destruct x as [|x]; try easy);
      simpl in H; repeat (destruct H as [H|H]; try easy).
Defined.

Definition begun : state lock_and_slot :=
  step_to (W := lock_and_slot) initial Twice (Take Lock 1) 1.
Definition lost : state lock_and_slot := step_to (W := lock_and_slot) begun Between (Take Slot 1) 1.

Lemma lost_is_reachable : reachable lost.
Proof.
  apply (goes_on (W := lock_and_slot) initial Twice begun).
  { exists (Take (Lock : resource lock_and_slot) 1) (1 : point lock_and_slot); [now left|easy|easy]. }
  apply (goes_on (W := lock_and_slot) begun Between lost).
  { exists (Take (Slot : resource lock_and_slot) 1) (1 : point lock_and_slot); [now left|easy|easy]. }
  apply stays.
Qed.

Definition still_lost (s : state lock_and_slot) : Prop :=
  at_point s Twice = 1 /\ (at_point s Between = 1 \/ at_point s Between = 2) /\ at_point s Last = 0 /\
  held s = held lost.

Lemma lost_moves (s : state lock_and_slot) t s' : still_lost s -> step t s s' -> t = Between /\ still_lost s'.
Proof.
  intros (Ht & Hb & Hl & Hh) [a p Hin Hp ->]. destruct t.
  - rewrite Ht in Hin. destruct Hin as [E|[]]. injection E as <- <-.
    exfalso. simpl in Hp. unfold available, fits, used in Hp. rewrite Hh in Hp. discriminate.
  - split; [easy|]. destruct Hb as [Hb|Hb]; rewrite Hb in Hin; destruct Hin as [E|[]]; injection E as <- <-.
    + repeat split; try easy. now right.
    + exfalso. simpl in Hp. unfold available, fits, used in Hp. rewrite Hh in Hp. discriminate.
  - rewrite Hl in Hin. destruct Hin as [E|[]]. injection E as <- <-.
    exfalso. simpl in Hp. unfold available, fits, used in Hp. rewrite Hh in Hp. discriminate.
Qed.

Theorem the_set_may_close_later : exists (s : state lock_and_slot) (t : task lock_and_slot),
  reachable s /\ ended s t = false /\ ~ can_ever_move s t /\ forall K, stuck K s -> K t = false.
Proof.
  exists lost, Last. split; [apply lost_is_reachable|]. split; [easy|]. split.
  - intros (s' & Hc & s'' & Hs).
    assert (H : still_lost s').
    { assert (Hk : forall s1 s2, continues s1 s2 -> still_lost s1 -> still_lost s2).
      { induction 1 as [|s1 t s2 s3 Hst _ IH]; [easy|]. intros H. apply IH. eapply lost_moves; eauto. }
      apply (Hk lost); [easy|]. repeat split. now left. }
    now destruct (lost_moves s' Last s'' H Hs).
  - intros K HK. destruct (K Last) eqn:El; [|easy]. exfalso.
    assert (Hb : K Between = false).
    { destruct (K Between) eqn:E; [|easy]. destruct (HK Between E) as [_ Hc]. discriminate. }
    destruct (HK Last El) as [_ Hc]. unfold could_move in Hc. simpl in Hc. rewrite orb_false_r in Hc.
    unfold fits, used_by, amount, of_set, keepers in Hc. simpl in Hc. rewrite Hb in Hc. simpl in Hc.
    rewrite andb_false_r in Hc. discriminate.
Qed.
