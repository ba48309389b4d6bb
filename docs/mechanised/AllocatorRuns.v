(** * The kernel's allocator, run by run, is the semantics

    Puts Allocator.v and SlotsWithoutNumbers.v together: the allocator of Linux 2.4.17 in its small
    steps, for one series with the policy [own], and Kmap.v, which is docs/semantics.md as far as kmap
    goes. [goes_together] follows a run of the former with the pins and the stale mappings of the
    latter: they change when a kmap or kunmap releases the lock, and as Kmap.v allows.

    - [at_first_nothing_is_mapped], [every_step_is_followed]: so each run can be followed, step by
      step and whatever the interleaving, as long as tasks kunmap only what they have pinned; and at
      each point the tables show the pins and stale mappings;
    - [sleepers_wait_in_the_semantics]: whoever sleeps while the lock is free and nobody is about to
      wake it is refused by the semantics as well.

    Any number of tasks, pages and slots. Left out is what Allocator.v leaves out. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require KmapTables Allocator.
From Kmapcheck Require Import Kmap SlotsWithoutNumbers.
Import ListNotations.

Section Runs.
Context {W : kernel}.
Notation T := (task W).
Notation P := (page W).
Variable r : series W.
Hypothesis keeps_its_own : reuse W r = ReuseOwn.
Hypothesis none_kept : kept_for_holders W r = 0.
Hypothesis some_slot : 0 < slots W r.

Notation small_state := (@Allocator.state T P).
Notation small_step := (Allocator.step (same_task W) (same_page W) (slots W r)).
Notation small_reachable := (Allocator.reachable (same_task W) (same_page W) (slots W r)).

(** A state of Kmap.v with these pins and stale mappings. Where tasks are in their programs does not
    matter to a kmap. *)
Definition with_pins (l : list (pin W)) (st : list (P * series W)) : state W :=
  {| at_point := start W; pins := l; stale := st |}.

Definition new_pin (t : T) (p : P) : pin W := {| owner := t; of_page := p; asked_in := r; lies_in := r |}.

Inductive goes_together : small_state -> list (pin W) -> list (P * series W) -> Prop :=
| at_first : goes_together Allocator.initial [] []
| nothing_seen s t s' l st : goes_together s l st -> small_step t s s' ->
    (forall p, Allocator.at_ s t <> Allocator.Unlock p) ->
    (forall p w, Allocator.at_ s t <> Allocator.UUnlock p w) -> goes_together s' l st
| kmap_is_done s t s' p l st st' : goes_together s l st -> small_step t s s' ->
    Allocator.at_ s t = Allocator.Unlock p ->
    gets (with_pins l st) t p r true r st' -> goes_together s' (new_pin t p :: l) st'
| kunmap_is_done s t s' p w l st i l' : goes_together s l st -> small_step t s s' ->
    Allocator.at_ s t = Allocator.UUnlock p w ->
    drop t p l = Some (i, l') ->
    goes_together s' l' (if keeps_mappings (lies_in i) && last_user i l' then (of_page i, lies_in i) :: st else st).

Lemma together_reachable s l st : goes_together s l st -> small_reachable s.
Proof.
  induction 1; [apply Allocator.at_first|eapply Allocator.after; eassumption..].
Qed.

Lemma dropped_was_there (t : T) (p : P) : forall l i l', drop (W := W) t p l = Some (i, l') ->
  In i l /\ forall j, In j l' -> In j l.
Proof.
  induction l as [|j l IH]; simpl; intros i l' H; [easy|].
  destruct (is_task t (owner j) && is_page p (of_page j)); [injection H as <- <-; auto|].
  destruct (drop t p l) as [[k m]|]; [|easy]. injection H as <- <-.
  destruct (IH k m eq_refl) as [H1 H2]. split; [now right|]. intros x [<-|Hx]; auto.
Qed.

Lemma all_lie_there s l st : goes_together s l st -> forall i, In i l -> lies_in i = r.
Proof.
  induction 1 as [|s t s' l st _ IH _ _ _|s t s' p l st st' _ IH _ _ _|s t s' p w l st i l' _ IH _ _ Hd]; auto.
  - easy.
  - intros i [<-|Hi]; auto.
  - intros j Hj. apply IH. now apply (dropped_was_there t p l i l' Hd).
Qed.

(** What is seen from outside the lock changes only as it is released. *)
Lemma small_step_cases s t s' : small_reachable s -> small_step t s s' ->
  (KmapTables.like (slots W r) (Allocator.settled s) (Allocator.settled s') /\
    (forall p, Allocator.at_ s t <> Allocator.Unlock p) /\ forall p w, Allocator.at_ s t <> Allocator.UUnlock p w) \/
  (exists p, Allocator.at_ s t = Allocator.Unlock p /\
    KmapTables.one_kmap (same_page W) (slots W r) (Allocator.settled s) p (Allocator.settled s')) \/
  (exists p w, Allocator.at_ s t = Allocator.UUnlock p w /\
    KmapTables.one_kunmap (slots W r) (Allocator.settled s) p (Allocator.settled s')).
Proof.
  intros Hre Hs.
  pose proof (Allocator.in_phase _ _ _ (Allocator.always_so _ _ _ some_slot s Hre) t) as Hp.
  destruct Hs; match goal with E : Allocator.at_ s t = _ |- _ => rewrite E in Hp; rewrite E; simpl in Hp end;
    try (left; repeat split; try discriminate; fail).
  - right. left. eauto.
  - left. destruct Hp as [Hl _]. repeat split; try discriminate; now apply Hl.
  - right. right. eauto.
  - right. right. eauto.
Qed.

(** The semantics has come to where the allocator is: by such a run, and the tables show it. *)
Definition followed (s : small_state) (l : list (pin W)) (st : list (P * series W)) : Prop :=
  goes_together s l st /\ shows r (Allocator.settled s) l st.

(** A kunmap is of a page that the task has pinned. *)
Definition undoes_its_own (s : small_state) (t : T) (l : list (pin W)) : Prop :=
  forall p w, Allocator.at_ s t = Allocator.UUnlock p w -> drop t p l <> None.

Theorem at_first_nothing_is_mapped : followed Allocator.initial [] [].
Proof. split; [constructor|apply empty_tables_show_nothing]. Qed.

Theorem every_step_is_followed s t s' l st : followed s l st -> small_step t s s' -> undoes_its_own s t l ->
  exists l' st', followed s' l' st'.
Proof.
  intros [Hg Hsh] Hs Hown.
  destruct (small_step_cases s t s' (together_reachable _ _ _ Hg) Hs)
    as [(Hl & Hnk & Hnu)|[(p & E & Hone)|(p & w & E & Hone)]].
  - exists l, st. split; [eapply nothing_seen; eauto|]. now apply (shows_like r (Allocator.settled s)).
  - destruct (one_kmap_is_a_step_of_the_semantics r keeps_its_own none_kept (Allocator.settled s)
      (Allocator.settled s') (with_pins l st) t p Hsh Hone) as (st' & Hgets & Hsh').
    exists (new_pin t p :: l), st'. split; [eapply kmap_is_done; eauto|exact Hsh'].
  - specialize (Hown p w E). destruct (drop t p l) as [[i l']|] eqn:Ed; [|easy].
    assert (Hr : lies_in i = r).
    { exact (all_lie_there s l st Hg i (proj1 (dropped_was_there t p l i l' Ed))). }
    exists l'. eexists. split; [eapply kunmap_is_done; eauto|].
    exact (one_kunmap_is_a_step_of_the_semantics r keeps_its_own none_kept (Allocator.settled s) (Allocator.settled s')
      (with_pins l st) t p i l' Hsh Hone Ed Hr).
Qed.

Theorem sleepers_wait_in_the_semantics s t p l st : followed s l st ->
  Allocator.lock s = None -> Allocator.at_ s t = Allocator.Asleep p -> In t (Allocator.queue s) ->
  ~ Allocator.wake_up_pending s -> granted (with_pins l st) t p r true = false.
Proof.
  intros [Hg Hsh] Hlock E Hq Hno.
  apply (waiting_is_the_same r keeps_its_own none_kept (Allocator.settled s) (with_pins l st) t p Hsh).
  exact (Allocator.who_sleeps_has_to_wait _ _ _ some_slot s t p (together_reachable _ _ _ Hg) Hlock E Hq Hno).
Qed.

End Runs.
