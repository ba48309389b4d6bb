(** * PAGETABLE2, then PAGETABLE, then DEFAULT, with only DEFAULT re-entrant

    The rule of docs/the-thread.md, "The ordering fixes all the deadlocks", and the model
    models/proposed.json, for the machine of Kmap.v:

    - [no_program_that_keeps_the_rule_deadlocks]: a kmap in DEFAULT may take a mapping that is there
      in DEFAULT; PAGETABLE and PAGETABLE2 take a slot for each kmap. Whatever the programs are, any
      number of tasks, pages and slots: if the order is kept and everybody lets go, nobody is ever
      deadlocked. What "kept" means is [keeps_the_order] in Kmap.v, and it matters:
    - [default_over_default_deadlocks]: that DEFAULT is re-entrant does not mean that a task may
      hold a slot of DEFAULT and ask for another, for some other page. Two tasks that do so
      deadlock. To keep the rule is to ask for nothing at the same place either, except for a page
      that the task itself has mapped there.
    - [re_entrant_everywhere_deadlocks]: the order is not enough if all series are re-entrant, as in
      pte-highmem-5: a page asked for in PAGETABLE is found in DEFAULT.
    - [reads_against_faults_deadlock]: the series are not enough without the order.
    - [kept_slots_do_not_help_with_leftovers]: nor are slots for holders a remedy where mappings are
      kept: who finds a leftover is a holder at once, and was never refused.

    [kmapcheck rule proposed], docs/rules.md and docs/the-thread.md say the same. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Kmap OrderOfSeries.
Import ListNotations.

Inductive name : Type := PAGETABLE2 | PAGETABLE | DEFAULT.

Definition place (r : name) : nat := match r with PAGETABLE2 => 0 | PAGETABLE => 1 | DEFAULT => 2 end.

Definition only_default_re_entrant (r : name) : policy :=
  match r with DEFAULT => ReuseOwn | _ => ReuseNone end.

(** The kernel's series are these three, or some of them. *)
Theorem no_program_that_keeps_the_rule_deadlocks (W : kernel) (called : series W -> name) :
  (forall r, reuse W r = only_default_re_entrant (called r)) ->
  (forall r, kept_for_holders W r < slots W r) ->
  keeps_the_order (W := W) (fun r => place (called r)) ->
  everybody_lets_go (W := W) ->
  forall s, reachable (W := W) s ->
    (forall K, ~ deadlocked s K) /\
    (forall t, alive s t -> can_ever_move s t) /\
    (exists s', continues s s' /\ pins s' = []).
Proof.
  intros Hreuse Hslots Horder Hgo s Hre.
  assert (Hplaces : forall r, place (called r) < 3) by (intros r; destruct (called r); simpl; lia).
  assert (Hany : forall r, reuse W r <> ReuseAny) by (intros r; rewrite Hreuse; now destruct (called r)).
  repeat split.
  - exact (no_deadlock_in_order _ _ Hplaces Hany Hslots Horder Hgo s Hre).
  - exact (every_task_can_move_again _ _ Hplaces Hany Hslots Horder Hgo s Hre).
  - exact (everything_comes_back _ _ Hplaces Hany Hslots Horder Hgo s Hre).
Qed.

(** ** Two tasks of two maps each *)

Definition same_name : forall r q : name, {r = q} + {r <> q}.
Proof. decide equality. Defined.
Definition same_map : forall p q : bool * bool, {p = q} + {p <> q}.
Proof. decide equality; apply bool_dec. Defined.

Section TwoMaps.
(** Each task maps a page of its own in one series, then another one in another, and gives them back. *)
Variables (first second : bool -> name) (policies : name -> policy) (number kept : nat)
  (left_over : list (bool * bool * name)).

Definition calls_of (t : bool) (x : nat) : list (call (bool * bool) name * nat) :=
  match x with
  | 0 => [(Kmap (t, false) (first t) true, 1)]
  | 1 => [(Kmap (t, true) (second t) true, 2)]
  | 2 => [(Kunmap (t, true), 3)]
  | 3 => [(Kunmap (t, false), 4)]
  | _ => []
  end.

Definition two_maps : kernel.
Proof.
  refine {| task := bool; page := bool * bool; series := name; point := nat;
    same_task := bool_dec; same_page := same_map; same_series := same_name;
    slots := fun _ => number; reuse := policies; kept_for_holders := fun _ => kept;
    start := fun _ => 0; leftovers := left_over; calls := calls_of; inner := fun _ _ _ => False |}.
  - intros t x p r f y H. do 4 (destruct x as [|x]; [now destruct H|]). destruct H.
  - intros t x p r y H. do 4 (destruct x as [|x]; [now destruct H|]). destruct H.
Defined.

Definition has_at (t : bool) (x : nat) : list (bool * bool * name) :=
  match x with
  | 1 | 3 => [((t, false), first t)]
  | 2 => [((t, true), second t); ((t, false), first t)]
  | _ => []
  end.

Lemma has_what_it_took (s : state two_maps) : reachable s -> forall t, own s t = has_at t (at_point s t).
Proof.
  assert (H : forall s s' : state two_maps, continues s s' ->
      (forall t, own s t = has_at t (at_point s t)) -> forall t, own s' t = has_at t (at_point s' t)).
  { induction 1 as [|s0 u s1 s2 Hs _ IH]; [easy|]. intros H. apply IH. clear IH. intros t.
    destruct (step_others s0 s1 u Hs) as [Ho Ha].
    destruct (bool_dec u t) as [->|Hn].
    - specialize (H t). clear Ho. destruct Hs as [x []|p r f x q l Hin _|p r f x Hin _|p x i l Hin Hd|p x Hin Hd];
        simpl in *; rewrite moved_self;
        remember (at_point s0 t) as here eqn:Ehere; clear Ehere Ha;
        destruct here as [|[|[|[|n]]]]; simpl in Hin;
        try (destruct Hin as [Hin|[]]; try discriminate; injection Hin; intros; subst); try easy;
        unfold own in *; simpl in *; try (rewrite (is_task_refl (W := two_maps)); simpl; now rewrite H).
      1, 2: destruct (drop_some (W := two_maps) t _ _ i l Hd) as [E _];
        refine (eq_trans (eq_sym E) (eq_trans (f_equal _ H) _)); simpl; now destruct t.
      all: apply (drop_none (W := two_maps)) in Hd;
        pose proof (eq_trans (eq_sym (f_equal (drop_mine (W := two_maps) _) H)) (eq_trans Hd H)) as E;
        simpl in E; destruct t; discriminate.
    - rewrite Ha by easy. rewrite <- H. unfold own. fold (of_task (W := two_maps) t (pins s1)).
      rewrite (of_task_others (W := two_maps) u t) by easy. rewrite Ho.
      now rewrite <- (of_task_others (W := two_maps) u t). }
  intros Hre. eapply H; eauto.
Qed.

Lemma two_maps_let_go : everybody_lets_go (W := two_maps).
Proof.
  intros s t Hre. exists 4. rewrite (has_what_it_took s Hre t). generalize (at_point s t) as x.
  assert (one : forall k x c y own, calls_of t x = [(c, y)] ->
      lets_go (W := two_maps) t k y (own_after (W := two_maps) c own) -> lets_go (W := two_maps) t (S k) x own).
  { intros k x c y o Ec Hl. right. right. simpl. rewrite Ec. split; [easy|].
    intros grants Hg. simpl in Hg. rewrite orb_false_r in Hg. exists c, y. simpl; auto. }
  assert (H3 : forall k, lets_go (W := two_maps) t (S k) 3 (has_at t 3)).
  { intros k. eapply one; [reflexivity|]. destruct k; left; now destruct t. }
  assert (H2 : forall k, lets_go (W := two_maps) t (S (S k)) 2 (has_at t 2)).
  { intros k. eapply one; [reflexivity|]. destruct t; apply (H3 k). }
  intros [|[|[|[|n]]]]; [now left| |apply H2|apply H3|now left].
  eapply one; [reflexivity|]. apply H2.
Qed.

(** What is asked for at a point, and what is held there as it was asked for. *)
Lemma two_maps_keep (ok : name -> name -> Prop) : (forall t, ok (first t) (second t)) ->
  forall (s : state two_maps) t p r, reachable s -> asks s t p r ->
    forall i, In i (pins s) -> owner i = t -> ok (asked_in i) r.
Proof.
  intros Hok s t p r Hre (f & x & Hin & _) i Hi Ho.
  assert (Hown : In (of_page i, asked_in i) (has_at t (at_point s t))).
  { rewrite <- (has_what_it_took s Hre t). apply in_map_iff. exists i. split; [easy|].
    apply filter_In. split; [easy|]. now apply is_task_true. }
  simpl in Hin. destruct (at_point s t) as [|[|[|[|n]]]]; simpl in Hin, Hown; try easy.
  - destruct Hown as [E|[]]. injection E; intros; subst. destruct Hin as [Hin|[]]. injection Hin; intros; subst.
    rewrite <- H. apply Hok.
  - now destruct Hin.
  - now destruct Hin.
Qed.

Lemma nobody_moves_deadlocked (s : state two_maps) :
  (forall t s', ~ step t s s') -> (forall t, alive s t) -> deadlocked s (fun _ => True).
Proof.
  intros Hno Ha. split; [now exists true|]. intros t _. split; [apply Ha|].
  intros (s' & Hc & s'' & Hs). destruct Hc as [s|s u s1 s2 Hs1 _]; [now apply (Hno t s'')|now apply (Hno u s1)].
Qed.
End TwoMaps.

(** Both tasks have made their first map; where it lies is given. *)
Ltac first_maps W lying_true lying_false :=
  eapply goes_on; [eapply (kmap_step (W := W) true) with (q := lying_true); [now left|]|
  eapply goes_on; [eapply (kmap_step (W := W) false) with (q := lying_false); [now left|]|apply stays]].

Ltac nobody_moves :=
  intros t s' Hs; destruct Hs as [x []|p r f x q l Hin Hg|p r f x Hin _|p x i l Hin _|p x Hin _];
  destruct t; destruct Hin as [Hin|[]]; try discriminate; injection Hin; intros; subst;
  destruct Hg as [[[] _]|(_ & Hf & _)]; discriminate.

Theorem default_over_default_deadlocks :
  let W := two_maps (fun _ => DEFAULT) (fun _ => DEFAULT) only_default_re_entrant 2 0 [] in
  everybody_lets_go (W := W) /\
  (forall (s : state W) t p r, reachable s -> asks s t p r ->
    forall i, In i (pins s) -> owner i = t -> place (asked_in i) <= place r) /\
  exists s : state W, reachable s /\ deadlocked s (fun _ => True).
Proof.
  intros W. split; [apply two_maps_let_go|]. split.
  { exact (two_maps_keep (fun _ => DEFAULT) (fun _ => DEFAULT) _ 2 0 [] (fun q r => place q <= place r) (fun _ => le_n 2)). }
  eexists. split; [first_maps W DEFAULT DEFAULT|apply nobody_moves_deadlocked].
  - right. repeat split. left. split; reflexivity.
  - right. repeat split. left. split; reflexivity.
  - nobody_moves.
  - intros [|]; right; discriminate.
Qed.

Theorem re_entrant_everywhere_deadlocks :
  let W := two_maps (fun _ => PAGETABLE) (fun _ => DEFAULT) (fun _ => ReuseAny) 2 0
    [((true, false), DEFAULT); ((false, false), DEFAULT)] in
  everybody_lets_go (W := W) /\ keeps_the_order (W := W) place /\
  exists s : state W, reachable s /\ deadlocked s (fun _ => True).
Proof.
  intros W. split; [apply two_maps_let_go|]. split.
  { intros s t p r Hre Ha. right. revert Hre Ha.
    apply (two_maps_keep (fun _ => PAGETABLE) (fun _ => DEFAULT) _ 2 0 _ (fun q r => place q < place r) (fun _ => le_n 2)). }
  eexists. split; [first_maps W DEFAULT DEFAULT|apply nobody_moves_deadlocked].
  - left. split; [now left|reflexivity].
  - left. split; [now left|reflexivity].
  - nobody_moves.
  - intros [|]; right; discriminate.
Qed.

Theorem reads_against_faults_deadlock :
  let W := two_maps (fun t => if t then DEFAULT else PAGETABLE) (fun t => if t then PAGETABLE else DEFAULT)
    only_default_re_entrant 1 0 [] in
  everybody_lets_go (W := W) /\
  (forall (s : state W) t p r, reachable s -> asks s t p r ->
    forall i, In i (pins s) -> owner i = t -> asked_in i <> r) /\
  exists s : state W, reachable s /\ deadlocked s (fun _ => True).
Proof.
  intros W. split; [apply two_maps_let_go|]. split.
  { apply (two_maps_keep (fun t => if t then DEFAULT else PAGETABLE) (fun t => if t then PAGETABLE else DEFAULT)
      _ 1 0 _ (fun q r => q <> r)). now intros [|]. }
  eexists. split; [first_maps W DEFAULT PAGETABLE|apply nobody_moves_deadlocked].
  - right. repeat split. left. split; reflexivity.
  - right. repeat split. left. split; reflexivity.
  - nobody_moves.
  - intros [|]; right; discriminate.
Qed.

(** The premises can be met: mremap with PAGETABLE2 for the old table and PAGETABLE for the new. *)
Theorem mremap_keeps_the_rule (number : nat) :
  let W := two_maps (fun _ => PAGETABLE2) (fun _ => PAGETABLE) only_default_re_entrant (S number) 0 [] in
  keeps_the_order (W := W) place /\ everybody_lets_go (W := W) /\
  forall s : state W, reachable s -> forall K, ~ deadlocked s K.
Proof.
  intros W.
  assert (Horder : keeps_the_order (W := W) place).
  { intros s t p r Hre Ha. right. revert Hre Ha.
    apply (two_maps_keep (fun _ => PAGETABLE2) (fun _ => PAGETABLE) _ (S number) 0 _
      (fun q r => place q < place r) (fun _ => le_n 1)). }
  split; [exact Horder|]. split; [apply two_maps_let_go|]. intros s Hre.
  apply (no_program_that_keeps_the_rule_deadlocks W (fun r => r)); try easy.
  - intros r. simpl. lia.
  - apply two_maps_let_go.
Qed.

(** Two slots, the last one for holders, and each task finds its first page mapped already. Without
    leftovers this is safe: HoldersLast.v. *)
Theorem kept_slots_do_not_help_with_leftovers :
  let W := two_maps (fun _ => DEFAULT) (fun _ => DEFAULT) only_default_re_entrant 2 1
    [((true, false), DEFAULT); ((false, false), DEFAULT)] in
  everybody_lets_go (W := W) /\ exists s : state W, reachable s /\ deadlocked s (fun _ => True).
Proof.
  intros W. split; [apply two_maps_let_go|].
  eexists. split; [first_maps W DEFAULT DEFAULT|apply nobody_moves_deadlocked].
  - left. split; [now left|reflexivity].
  - left. split; [now left|reflexivity].
  - nobody_moves.
  - intros [|]; right; discriminate.
Qed.
