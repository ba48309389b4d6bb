(** * One kmap is one step

    Of docs/engines.md, "Why one step is enough", and docs/semantics.md, "kmap happens whole, as it
    does in the kernel under kmap_lock": the allocator of Linux 2.4.17 (kmap_high, map_new_virtual,
    flush_all_zero_pkmaps and kunmap_high of mm/highmem.c) in its small steps, for any number of
    tasks, pages and slots, against the machine on which a kmap is one step ([one_kmap] and
    [one_kunmap] in KmapTables.v).

    - [each_step_is_one_step_or_none]: with what is in the tables when kmap_lock is free, each small
      step of a run changes nothing, or is the unlock of a kmap or kunmap, and changes them as one
      step of the machine does, for that page;
    - [who_sleeps_has_to_wait]: whoever sleeps in kmap while nobody is about to wake it has to wait
      on the machine too: no wake-up is lost;
    - [where_all_sleep_nobody_can_go_on]: so where every task that is in a call sleeps, none of them
      could go on there.

    Small steps: taking the lock; the look at page->virtual; each step of the scan from last_pkmap_nr
    on; each slot of the flush; each change of a count; getting onto the wait queue; releasing the
    lock; sleeping; the wake-up, outside the lock. Between any two the other tasks may take theirs.
    What a task does between calls is open: it may call kmap or kunmap of any page. A kunmap of a
    page without users, a BUG() there, does nothing, in both.

    One series, with page->virtual (policy [own]), as in 2.4. crates/loom/src/pkmap.rs is the same
    algorithm for several series. Left out: several series under one lock, slots for holders,
    try_kmap, pages that are freed. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import KmapTables.
Import ListNotations.

Section Allocator.
Context {task page : Type}.
Variable same_task : forall t u : task, {t = u} + {t <> u}.
Variable same_page : forall p q : page, {p = q} + {p <> q}.
Variable slots : nat.
Hypothesis some_slot : 0 < slots.

Local Notation tables := (tables page).
Local Notation map_slot := (map_slot same_page).
Local Notation clear_if_stale := (clear_if_stale same_page).
Local Notation like := (like slots).
Local Notation flushed_below := (flushed_below slots).
Local Notation one_kmap := (one_kmap same_page slots).
Local Notation one_kunmap := (one_kunmap slots).
Local Notation sound := (sound slots).
Local Notation all_busy := (all_busy slots).
Local Notation unmapped := (unmapped slots).

(** ** The kernel: small steps *)

Inductive at_work : Type :=
| Outside
(** kmap: in parentheses what is in its local variables *)
| Lock (p : page) | Look (p : page) | Scan (p : page) (left : nat) (flushed : bool)
| Flush (p : page) (next : nat) | Test (p : page) (left : nat) (flushed : bool)
| New (p : page) | Use (p : page) (nr : nat) | Unlock (p : page)
| Enqueue (p : page) | Release (p : page) | Asleep (p : page)
(** kunmap *)
| ULock (p : page) | UDo (p : page) | UUnlock (p : page) (wake : bool) | UWake.

Record state : Type := {
  at_ : task -> at_work;
  now : tables;
  last_nr : nat;
  lock : option task;
  queue : list task;
  (** What was in the tables when the lock was last free. Nothing looks at it. *)
  settled : tables
}.

Definition go (s : state) (t : task) (w : at_work) : task -> at_work :=
  fun u => if same_task u t then w else at_ s u.

(** Only the task's place changes. *)
Definition goes (s : state) t w : state :=
  {| at_ := go s t w; now := now s; last_nr := last_nr s; lock := lock s; queue := queue s; settled := settled s |}.
(** And the tables. *)
Definition writes (s : state) t w b : state :=
  {| at_ := go s t w; now := b; last_nr := last_nr s; lock := lock s; queue := queue s; settled := settled s |}.
Definition locks (s : state) t w : state :=
  {| at_ := go s t w; now := now s; last_nr := last_nr s; lock := Some t; queue := queue s; settled := settled s |}.
Definition unlocks (s : state) t w : state :=
  {| at_ := go s t w; now := now s; last_nr := last_nr s; lock := None; queue := queue s; settled := now s |}.
Definition queues (s : state) t w q : state :=
  {| at_ := go s t w; now := now s; last_nr := last_nr s; lock := lock s; queue := q; settled := settled s |}.
Definition scans (s : state) t w n : state :=
  {| at_ := go s t w; now := now s; last_nr := n; lock := lock s; queue := queue s; settled := settled s |}.

Definition next_nr (s : state) : nat := if S (last_nr s) =? slots then 0 else S (last_nr s).

Inductive step (t : task) (s : state) : state -> Prop :=
| calls_kmap p : at_ s t = Outside -> step t s (goes s t (Lock p))
| takes_lock p : at_ s t = Lock p -> lock s = None -> step t s (locks s t (Look p))
| finds p i : at_ s t = Look p -> virtual (now s) p = Some i -> step t s (goes s t (Use p i))
| finds_none p : at_ s t = Look p -> virtual (now s) p = None -> step t s (goes s t (Scan p slots false))
| scan_wraps p n f : at_ s t = Scan p n f -> next_nr s = 0 -> step t s (scans s t (Flush p 0) 0)
| scan_on p n f : at_ s t = Scan p n f -> next_nr s <> 0 -> step t s (scans s t (Test p n f) (next_nr s))
| flush_on p j : at_ s t = Flush p j -> S j < slots ->
    step t s (writes s t (Flush p (S j)) (clear_if_stale (now s) j))
| flush_ends p j : at_ s t = Flush p j -> S j = slots ->
    step t s (writes s t (Test p slots true) (clear_if_stale (now s) j))
| test_free p n f : at_ s t = Test p n f -> count (now s) (last_nr s) = 0 -> step t s (goes s t (New p))
| test_on p n f : at_ s t = Test p (S n) f -> count (now s) (last_nr s) <> 0 -> n <> 0 ->
    step t s (goes s t (Scan p n f))
| test_ends p f : at_ s t = Test p 1 f -> count (now s) (last_nr s) <> 0 -> step t s (goes s t (Enqueue p))
| sets p : at_ s t = New p -> step t s (writes s t (Use p (last_nr s)) (map_slot (now s) (last_nr s) p))
| counts_up p i : at_ s t = Use p i -> step t s (writes s t (Unlock p) (put_count (now s) i (S (count (now s) i))))
| returns p : at_ s t = Unlock p -> step t s (unlocks s t Outside)
| enqueues p : at_ s t = Enqueue p -> step t s (queues s t (Release p) (t :: queue s))
| releases p : at_ s t = Release p -> step t s (unlocks s t (Asleep p))
| wakes_up p : at_ s t = Asleep p -> ~ In t (queue s) -> step t s (goes s t (Lock p))
| calls_kunmap p : at_ s t = Outside -> step t s (goes s t (ULock p))
| takes_lock_too p : at_ s t = ULock p -> lock s = None -> step t s (locks s t (UDo p))
| counts_down p i : at_ s t = UDo p -> virtual (now s) p = Some i -> 2 <= count (now s) i ->
    step t s (writes s t (UUnlock p ((count (now s) i =? 2) && negb (match queue s with [] => true | _ => false end)))
      (put_count (now s) i (count (now s) i - 1)))
| is_a_bug p : at_ s t = UDo p -> (forall i, virtual (now s) p = Some i -> count (now s) i < 2) ->
    step t s (goes s t (UUnlock p false))
| unlocks_and_wakes p : at_ s t = UUnlock p true -> step t s (unlocks s t UWake)
| unlocks_only p : at_ s t = UUnlock p false -> step t s (unlocks s t Outside)
| wakes_all : at_ s t = UWake -> step t s (queues s t Outside []).

Definition no_tables : tables := {| count := fun _ => 0; holds_page := fun _ => None; virtual := fun _ => None |}.
Definition initial : state :=
  {| at_ := fun _ => Outside; now := no_tables; last_nr := 0; lock := None; queue := []; settled := no_tables |}.

Inductive reachable : state -> Prop :=
| at_first : reachable initial
| after s t s' : reachable s -> step t s s' -> reachable s'.

(** ** What is always so *)

(** The task holds the lock. *)
Definition critical (w : at_work) : bool :=
  match w with
  | Outside | Lock _ | Asleep _ | ULock _ | UWake => false
  | _ => true
  end.

(** How far the task is from what was there when it took the lock. *)
Definition phase (w : at_work) (s : state) : Prop :=
  let b := settled s in let c := now s in
  match w with
  | Look _ | UDo _ => like b c
  | Scan p n false => like b c /\ unmapped b p /\ slots <= last_nr s + n /\ 0 < n
  | Test p n false => like b c /\ unmapped b p /\ slots < last_nr s + n
  | Flush p j => flushed_below j b c /\ unmapped b p /\ last_nr s = 0 /\ j < slots
  | Test p n true => flushed_below slots b c /\ unmapped b p /\ last_nr s + n = slots /\
      (forall i, i < last_nr s -> 2 <= count c i)
  | Scan p n true => flushed_below slots b c /\ unmapped b p /\ S (last_nr s) + n = slots /\ 0 < n /\
      (forall i, i <= last_nr s -> 2 <= count c i)
  | New p => (like b c \/ flushed_below slots b c) /\ unmapped b p /\ count c (last_nr s) = 0
  | Use p i => (like b c /\ i < slots /\ holds_page c i = Some p) \/
      (exists base, (like b base \/ flushed_below slots b base) /\ unmapped b p /\ i < slots /\
        count base i = 0 /\ like (map_slot base i p) c)
  | Unlock p => one_kmap b p c
  | Enqueue p | Release p => like b c /\ all_busy c /\ unmapped c p
  | UUnlock p _ => one_kunmap b p c
  | Outside | Lock _ | Asleep _ | ULock _ | UWake => True
  end.

(** Somebody is about to wake all who sleep. *)
Definition wake_up_pending (s : state) : Prop :=
  exists u, at_ s u = UWake \/ exists p, at_ s u = UUnlock p true.

Definition waits_for (w : at_work) : option page :=
  match w with Release p | Asleep p => Some p | _ => None end.

Record always (s : state) : Prop := {
  tables_sound : sound (now s);
  nr_in_range : last_nr s < slots;
  lock_held : forall t, critical (at_ s t) = true -> lock s = Some t;
  lock_holder_in_call : forall t, lock s = Some t -> critical (at_ s t) = true;
  settled_when_free : lock s = None -> like (settled s) (now s);
  in_phase : forall t, phase (at_ s t) s;
  queued_sleep : forall t, In t (queue s) -> exists p, waits_for (at_ s t) = Some p /\
    (wake_up_pending s \/ (all_busy (now s) /\ unmapped (now s) p))
}.

(** ** Each step keeps what is always so *)

Lemma go_self s t w : go s t w t = w.
Proof. unfold go. now destruct (same_task t t). Qed.
Lemma go_other s t w u : t <> u -> go s t w u = at_ s u.
Proof. unfold go. intros H. destruct (same_task u t); [congruence|easy]. Qed.

Lemma step_at_other t s s' u : step t s s' -> t <> u -> at_ s' u = at_ s u.
Proof. intros Hs Hn. destruct Hs; simpl; now apply go_other. Qed.

Lemma phase_not_critical w s : critical w = false -> phase w s.
Proof. now destruct w. Qed.

(** Who is in the lock is in it alone. *)
Lemma alone s t u : always s -> critical (at_ s t) = true -> critical (at_ s u) = true -> t = u.
Proof. intros H Ht Hu. apply (lock_held s H) in Ht. apply (lock_held s H) in Hu. congruence. Qed.

Lemma step_keeps_phase_of_others t s s' u : always s -> step t s s' -> t <> u -> phase (at_ s' u) s'.
Proof.
  intros H Hs Hn. rewrite (step_at_other t s s' u Hs Hn).
  destruct (critical (at_ s u)) eqn:Eu; [|now apply phase_not_critical].
  pose proof (lock_held s H u Eu) as Hl. pose proof (in_phase s H u) as Hp.
  assert (Hno : critical (at_ s t) = true -> False).
  { intros Et. apply Hn. exact (alone s t u H Et Eu). }
  destruct Hs; try (exfalso; apply Hno; match goal with E : at_ _ _ = _ |- _ => now rewrite E end);
    try congruence; exact Hp.
Qed.

Lemma lock_after t s s' : always s -> step t s s' ->
  forall u, critical (at_ s' u) = true -> lock s' = Some u.
Proof.
  intros H Hs u Hu. destruct (same_task t u) as [<-|Hn].
  - destruct Hs; simpl in *; rewrite go_self in Hu; simpl in Hu; try discriminate; try easy;
      apply (lock_held s H); match goal with E : at_ _ _ = _ |- _ => now rewrite E end.
  - rewrite (step_at_other t s s' u Hs Hn) in Hu. pose proof (lock_held s H u Hu) as Hl.
    assert (Hno : critical (at_ s t) = true -> False).
    { intros Et. apply Hn. exact (alone s t u H Et Hu). }
    destruct Hs; simpl; try easy; try congruence;
      exfalso; apply Hno; match goal with E : at_ _ _ = _ |- _ => now rewrite E end.
Qed.

Lemma lock_holder_after t s s' : always s -> step t s s' ->
  forall u, lock s' = Some u -> critical (at_ s' u) = true.
Proof.
  intros H Hs u Hl. destruct (same_task t u) as [<-|Hn].
  - destruct Hs; simpl in *; try discriminate; rewrite go_self; try reflexivity;
      apply (lock_holder_in_call s H) in Hl; match goal with E : at_ _ _ = _ |- _ => rewrite E in Hl; discriminate end.
  - rewrite (step_at_other t s s' u Hs Hn). apply (lock_holder_in_call s H).
    destruct Hs; simpl in *; try easy; congruence.
Qed.

Lemma settled_after t s s' : always s -> step t s s' -> lock s' = None -> like (settled s') (now s').
Proof.
  intros H Hs Hl. destruct Hs; simpl in *; try apply like_refl; try discriminate;
    try (now apply (settled_when_free s H));
    exfalso; match goal with E : at_ _ ?t = _ |- _ =>
      assert (critical (at_ s t) = true) as Hc by (now rewrite E); apply (lock_held s H) in Hc; congruence end.
Qed.

Lemma sound_after t s s' : always s -> step t s s' -> sound (now s').
Proof.
  intros H Hs. pose proof (tables_sound s H) as Hso. pose proof (nr_in_range s H) as Hnr.
  pose proof (in_phase s H t) as Hp. destruct Hs; simpl; try easy.
  - apply sound_clear; [easy|lia].
  - apply sound_clear; [easy|lia].
  - rewrite H0 in Hp. destruct Hp as (Hb & Hu & Hc). apply sound_map; auto. eapply unmapped_flushed; eauto.
  - rewrite H0 in Hp. assert (Hi : i < slots /\ count (now s) i <> 0).
    { destruct Hp as [(_ & Hi & Hm)|(base & _ & _ & Hi & _ & Hl)]; split; auto.
      - intros Hz. apply (mapped_is_counted (now s) Hso) in Hz; congruence.
      - destruct (Hl i Hi) as [<- _]. simpl. now rewrite set_same. }
    destruct Hi. now apply sound_put.
  - destruct (virtual_is_mapped (now s) Hso p i H1) as [Hi _]. apply sound_put; auto; lia.
Qed.

Lemma nr_after t s s' : always s -> step t s s' -> last_nr s' < slots.
Proof.
  intros H Hs. pose proof (nr_in_range s H). destruct Hs; simpl; auto.
  unfold next_nr in *. destruct (S (last_nr s) =? slots) eqn:E; [easy|]. apply Nat.eqb_neq in E. lia.
Qed.

(** Splits what is joined by [/\], and looks into nothing. *)
Ltac parts := repeat match goal with |- _ /\ _ => split end.

Lemma phase_after t s s' : always s -> step t s s' -> phase (at_ s' t) s'.
Proof.
  intros H Hs. pose proof (tables_sound s H) as Hso. pose proof (nr_in_range s H) as Hnr.
  pose proof (in_phase s H t) as Hp.
  destruct Hs as [p E|p E Hl|p i E Hv|p E Hv|p n f E Hz|p n f E Hz|p j E Hj|p j E Hj|p n f E Hc|p n f E Hc Hn|
    p f E Hc|p E|p i E|p E|p E|p E|p E Hq|p E|p E Hl|p i E Hv Hc|p E Hv|p E|p E|E];
    cbn [at_ goes writes locks unlocks queues scans]; rewrite go_self; rewrite E in Hp; try exact I.
  - (* takes_lock *) now apply (settled_when_free s H).
  - (* finds *) left. simpl in *. destruct (virtual_is_mapped (now s) Hso p i Hv). auto.
  - (* finds_none *) simpl in *. parts; auto; [|lia].
    eapply unmapped_like; [exact Hp|]. now apply virtual_none_unmapped.
  - (* scan_wraps *) destruct f; simpl in *.
    + exfalso. destruct Hp as (_ & _ & Hs & Hn & _). unfold next_nr in Hz.
      destruct (S (last_nr s) =? slots) eqn:Es; [apply Nat.eqb_eq in Es; lia|easy].
    + destruct Hp as (Hl & Hu & _). parts; auto. now apply flushed_none.
  - (* scan_on *) unfold next_nr in *. destruct (S (last_nr s) =? slots) eqn:Es; [easy|].
    apply Nat.eqb_neq in Es. destruct f; simpl in *.
    + destruct Hp as (Hf & Hu & Hs & Hn & Hb). parts; auto. intros i Hi. apply Hb. lia.
    + destruct Hp as (Hl & Hu & Hs & Hn). parts; auto. lia.
  - (* flush_on *) simpl in *. destruct Hp as (Hf & Hu & Hz & _). parts; auto.
    apply flushed_next; [easy|lia].
  - (* flush_ends *) simpl in *. destruct Hp as (Hf & Hu & Hz & Hlt). parts; auto.
    + pose proof (flushed_next same_page slots j _ _ Hf Hlt) as Hn. rewrite Hj in Hn. exact Hn.
    + now rewrite Hz.
    + rewrite Hz. lia.
  - (* test_free *) destruct f; simpl in *; destruct Hp as (Hf & Hu & _); auto.
  - (* test_on *) destruct f; simpl in *.
    + destruct Hp as (Hf & Hu & Hs & Hb). parts; auto; try lia.
      intros i Hi. destruct (Nat.eq_dec i (last_nr s)) as [->|]; [|apply Hb; lia].
      specialize (Hf (last_nr s) Hnr). assert (last_nr s <? slots = true) as Hlt by (now apply Nat.ltb_lt).
      rewrite Hlt in Hf; simpl in Hf. destruct (count (settled s) (last_nr s) =? 1) eqn:E1; [lia|].
      apply Nat.eqb_neq in E1. lia.
    + destruct Hp as (Hl & Hu & Hs). parts; auto; lia.
  - (* test_ends *) destruct f; simpl in *; [|destruct Hp as (_ & _ & Hs); lia].
    destruct Hp as (Hf & Hu & Hs & Hb).
    assert (Hbusy : all_busy (now s)).
    { intros i Hi. destruct (Nat.eq_dec i (last_nr s)) as [->|]; [|apply Hb; lia].
      specialize (Hf (last_nr s) Hnr). assert (last_nr s <? slots = true) as Hlt by (now apply Nat.ltb_lt).
      rewrite Hlt in Hf; simpl in Hf. destruct (count (settled s) (last_nr s) =? 1) eqn:E1; [lia|].
      apply Nat.eqb_neq in E1. lia. }
    parts; auto; [now apply busy_not_flushed|]. eapply unmapped_flushed; eauto.
  - (* sets *) simpl in *. destruct Hp as (Hf & Hu & Hc). right. exists (now s). parts; auto using like_refl.
  - (* counts_up *) simpl in *. destruct Hp as [(Hl & Hi & Hm)|(base & Hb & Hu & Hi & Hz & Hl)].
    + apply reuses with (i := i); auto; destruct (Hl i Hi) as [Hc Hh]; [congruence|].
      rewrite Hc. now apply like_put.
    + apply takes_slot with (base := base) (i := i); auto.
      destruct (Hl i Hi) as [Hc _]. simpl in Hc. rewrite set_same in Hc. rewrite <- Hc. now apply like_put.
  - (* enqueues *) exact Hp.
  - (* takes_lock_too *) now apply (settled_when_free s H).
  - (* counts_down *) simpl in *. destruct (virtual_is_mapped (now s) Hso p i Hv) as [Hi Hm].
    destruct (Hp i Hi) as [Hcc Hh]. apply drops_user with (i := i); auto; [congruence|lia|].
    rewrite Hcc. now apply like_put.
  - (* is_a_bug *) simpl in *. apply no_user; [|easy]. intros i Hi Hm. destruct (Hp i Hi) as [-> Hh].
    apply Hv. apply (mapped_is_virtual (now s) Hso); congruence.
Qed.

Lemma pending_after t s s' : wake_up_pending s -> step t s s' -> wake_up_pending s' \/ queue s' = [].
Proof.
  intros (u & Hu) Hs. destruct (same_task t u) as [<-|Hn].
  - destruct Hs; try (destruct Hu as [Hu|(q & Hu)]; congruence).
    + left. exists t. left. simpl. apply go_self.
    + now right.
  - left. exists u. now rewrite (step_at_other t s s' u Hs Hn).
Qed.

Lemma queue_after t s s' : always s -> step t s s' -> forall u, In u (queue s') ->
  exists p, waits_for (at_ s' u) = Some p /\
    (wake_up_pending s' \/ (all_busy (now s') /\ unmapped (now s') p)).
Proof.
  intros H Hs u Hu. pose proof (in_phase s H t) as Hp. pose proof (tables_sound s H) as Hso.
  assert (Hold : In u (queue s) -> exists p, waits_for (at_ s' u) = Some p /\
      (wake_up_pending s \/ (all_busy (now s) /\ unmapped (now s) p))).
  { intros Hq. destruct (queued_sleep s H u Hq) as (p & Hw & Hr). exists p. split; [|easy].
    destruct (same_task t u) as [<-|Hn]; [|now rewrite (step_at_other t s s' u Hs Hn)].
    destruct Hs; match goal with E : at_ _ _ = _ |- _ => rewrite E in Hw; simpl in Hw end; try discriminate.
    - simpl. rewrite go_self. exact Hw.
    - contradiction. }
  (* what is queued stays so, unless the tables change *)
  assert (Hkeep : In u (queue s) -> (forall p, all_busy (now s) /\ unmapped (now s) p ->
        wake_up_pending s' \/ (all_busy (now s') /\ unmapped (now s') p)) ->
      exists p, waits_for (at_ s' u) = Some p /\
        (wake_up_pending s' \/ (all_busy (now s') /\ unmapped (now s') p))).
  { intros Hq Hk. destruct (Hold Hq) as (p & Hw & Hr). exists p. split; [easy|].
    destruct Hr as [Hr|Hr]; [|auto].
    destruct (pending_after t s s' Hr Hs) as [|E]; [auto|]. rewrite E in Hu. destruct Hu. }
  destruct Hs as [p E|p E Hl|p i E Hv|p E Hv|p n f E Hz|p n f E Hz|p j E Hj|p j E Hj|p n f E Hc|p n f E Hc Hn|
    p f E Hc|p E|p i E|p E|p E|p E|p E Hq|p E|p E Hl|p i E Hv Hc|p E Hv|p E|p E|E];
    simpl in Hu; try (apply Hkeep; [exact Hu|]; auto; fail).
  - (* flush_on *) apply Hkeep; [exact Hu|]. intros q [Hb Hun]. right. simpl. rewrite (busy_clear same_page slots); auto. lia.
  - (* flush_ends *) apply Hkeep; [exact Hu|]. intros q [Hb Hun]. right. simpl. rewrite (busy_clear same_page slots); auto. lia.
  - (* sets *) apply Hkeep; [exact Hu|]. intros q [Hb Hun]. exfalso. rewrite E in Hp. destruct Hp as (_ & _ & Hc).
    specialize (Hb _ (nr_in_range s H)). lia.
  - (* counts_up *) apply Hkeep; [exact Hu|]. intros q [Hb Hun]. right. simpl. split; [|easy].
    intros k Hk. simpl. specialize (Hb k Hk).
    destruct (Nat.eq_dec k i) as [->|]; [rewrite set_same|rewrite set_other by easy]; lia.
  - (* enqueues *) destruct Hu as [<-|Hu]; [|apply Hkeep; [exact Hu|auto]].
    exists p. simpl. rewrite go_self. split; [easy|]. right. rewrite E in Hp. now destruct Hp as (_ & Hb & Hun).
  - (* counts_down *) apply Hkeep; [exact Hu|]. intros q [Hb Hun]. simpl in *.
    destruct (count (now s) i =? 2) eqn:E2.
    + left. exists t. right. exists p. simpl. rewrite go_self. simpl. now destruct (queue s).
    + right. split; [|easy]. apply Nat.eqb_neq in E2. intros k Hk. simpl. specialize (Hb k Hk).
      destruct (Nat.eq_dec k i) as [->|]; [rewrite set_same|rewrite set_other by easy]; lia.
  - (* wakes_all *) destruct Hu.
Qed.

Lemma always_so s : reachable s -> always s.
Proof.
  induction 1 as [|s t s' _ IH Hs].
  - split; simpl; easy.
  - split.
    + eapply sound_after; eauto.
    + eapply nr_after; eauto.
    + eapply lock_after; eauto.
    + eapply lock_holder_after; eauto.
    + eapply settled_after; eauto.
    + intros u. destruct (same_task t u) as [<-|Hn]; [eapply phase_after; eauto|].
      eapply step_keeps_phase_of_others; eauto.
    + eapply queue_after; eauto.
Qed.

(** ** The theorems *)

(** [settled] is what is in the tables whenever the lock is free. *)
Theorem settled_is_what_others_see (s : state) : reachable s -> lock s = None -> like (settled s) (now s).
Proof. intros H. now apply settled_when_free, always_so. Qed.

Theorem each_step_is_one_step_or_none (s s' : state) (t : task) : reachable s -> step t s s' ->
  like (settled s) (settled s') \/
  (exists p, at_ s t = Unlock p /\ at_ s' t = Outside /\ one_kmap (settled s) p (settled s')) \/
  (exists p w, at_ s t = UUnlock p w /\ one_kunmap (settled s) p (settled s')).
Proof.
  intros Hre Hs. pose proof (in_phase s (always_so s Hre) t) as Hp.
  destruct Hs; try (left; apply like_refl); rewrite H in Hp; simpl in *.
  - right. left. exists p. rewrite go_self. auto.
  - left. now destruct Hp.
  - right. right. exists p, true. auto.
  - right. right. exists p, false. auto.
Qed.

(** It cannot go on there: no mapping of the page, and no slot even after a flush. *)
Definition has_to_wait (b : tables) (p : page) : Prop := forall c, ~ one_kmap b p c.

Lemma busy_has_to_wait b p : all_busy b -> unmapped b p -> has_to_wait b p.
Proof.
  intros Hb Hu c [i Hi Hm _|base i _ Hf Hi Hz _].
  - now apply (Hu i Hi).
  - specialize (Hb i Hi). destruct Hf as [Hf|Hf]; specialize (Hf i Hi).
    + destruct Hf. lia.
    + destruct ((i <? slots) && (count b i =? 1)) eqn:E; [|lia].
      apply andb_true_iff in E as [_ E]. apply Nat.eqb_eq in E. lia.
Qed.

(** A task that goes to sleep has to wait on the machine at that moment. *)
Theorem who_goes_to_sleep_has_to_wait (s : state) (t : task) (p : page) :
  reachable s -> at_ s t = Enqueue p -> has_to_wait (settled s) p.
Proof.
  intros Hre E. pose proof (in_phase s (always_so s Hre) t) as Hp. rewrite E in Hp. simpl in Hp.
  destruct Hp as (Hl & Hb & Hu). apply busy_has_to_wait.
  - intros i Hi. destruct (Hl i Hi) as [-> _]. auto.
  - now apply (unmapped_like _ _ _ _ Hl).
Qed.

Theorem who_sleeps_has_to_wait (s : state) (t : task) (p : page) : reachable s ->
  lock s = None -> at_ s t = Asleep p -> In t (queue s) -> ~ wake_up_pending s ->
  has_to_wait (settled s) p.
Proof.
  intros Hre Hl E Hq Hno. pose proof (always_so s Hre) as H.
  destruct (queued_sleep s H t Hq) as (q & Hw & [Hr|[Hb Hu]]); [easy|].
  rewrite E in Hw. injection Hw as <-. pose proof (settled_when_free s H Hl) as Hlike.
  apply busy_has_to_wait.
  - intros i Hi. destruct (Hlike i Hi) as [-> _]. auto.
  - now apply (unmapped_like _ _ _ _ Hlike).
Qed.

Theorem where_all_sleep_nobody_can_go_on (s : state) : reachable s ->
  (forall t, at_ s t = Outside \/ exists p, at_ s t = Asleep p /\ In t (queue s)) ->
  forall t p, at_ s t = Asleep p -> has_to_wait (settled s) p.
Proof.
  intros Hre Hall t p E. pose proof (always_so s Hre) as H.
  destruct (Hall t) as [E'|(q & E' & Hq)]; [congruence|].
  assert (Hno : ~ wake_up_pending s).
  { intros (u & Hu). destruct (Hall u) as [Eu|(x & Eu & _)]; destruct Hu as [Hu|(y & Hu)]; congruence. }
  apply (who_sleeps_has_to_wait s t p); auto. destruct (lock s) as [u|] eqn:Hl; [|easy]. exfalso.
  apply (lock_holder_in_call s H) in Hl. destruct (Hall u) as [Eu|(x & Eu & _)]; now rewrite Eu in Hl.
Qed.

End Allocator.
