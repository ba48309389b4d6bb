(** * Of slots that are kept for holders: how many tasks have a pin

    About Scenario.v. Proves, of docs/proofs.md, "Who has a pin": of [P] slots of which [n] are kept for
    holders, at most [P - n] tasks have a pin, and none if [n] is [P] or more ([few_holders]). The
    function [bounds_holders] looks at all local states for what that takes: who has a pin has a slot
    that nobody else can be using, and who has none gets the first by a slot, never by a mapping that
    is already there. Any number of tasks and slots. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant SlotsInvariant Closed.
Import ListNotations.

Definition one_if (b : bool) : nat := if b then 1 else 0.

Section OneScenario.
Variable P : scenario.
Variable elsewhere : list (nat * nat).

Definition asks_for_a_slot (s : nat) (c : condition) : bool :=
  match c with FewerInUse r kept => (r =? s) && (for_holders (series_of P s) <=? kept) | _ => false end.
Definition pins_by_a_slot (x : local) (s : nat) (w : way) : bool :=
  negb (can_be P elsewhere x w) || negb (has_pin (fst (snd w)) s) || existsb (asks_for_a_slot s) (fst w).
Definition bounds_holders (ls : list local) (s : nat) : bool :=
  forallb (fun x => if has_pin x s then 0 <? own_slots P x s else forallb (pins_by_a_slot x s) (ways P x)) ls.

Variable Z : sizes.
Hypothesis they_fit : fits P Z.
Variable ls : list local.
Hypothesis is_complete : complete P elsewhere ls = true.
Variable s : nat.
Hypothesis bounded : bounds_holders ls s = true.

Definition holders (ts : list local) : nat := total (fun x => one_if (has_pin x s)) ts.

Lemma holders_use_slots st : on_the_list elsewhere ls st -> holders (tasks st) <= in_use P st s.
Proof.
  intros [Hl _]. unfold holders, in_use. eapply Nat.le_trans; [|apply Nat.le_add_r].
  unfold bounds_holders in bounded. rewrite forallb_forall in bounded.
  induction (tasks st) as [|x ts IH]; simpl; [lia|]. unfold total in *.
  specialize (IH (fun y Hy => Hl y (or_intror Hy))). specialize (bounded x (Hl x (or_introl eq_refl))).
  assert (one_if (has_pin x s) <= own_slots P x s); [|lia].
  destruct (has_pin x s); [now apply Nat.ltb_lt in bounded|apply Nat.le_0_l].
Qed.

(** The first pin of a task. *)
Lemma first_pin st x y e : on_the_list elsewhere ls st -> In x (tasks st) -> In (y, e) (steps P Z st x) ->
  has_pin x s = false -> has_pin y s = true -> in_use P st s + for_holders (series_of P s) < slots_in Z s.
Proof.
  intros Hst Hx Ho Hn Hy. unfold steps in Ho. destruct (possible_ways P Z st x) as [|w l] eqn:Ep.
  - exfalso. unfold otherwise in Ho. destruct (at_node x) as [a|]; [|easy]. destruct (node_at P x a) as [d|]; [|easy].
    assert (Hsame : exists b, (goes_to x b, Nothing) = (y, e)).
    { destruct (does d); cbn [is_try] in Ho; try (destruct (gives_up d); [|easy]); destruct Ho as [Ho|[]]; eauto. }
    destruct Hsame as (b & [= <- _]). unfold has_pin in Hn, Hy. simpl in Hy. congruence.
  - rewrite <- Ep in Ho. apply in_map_iff in Ho as ([c o] & Eo & Hw). simpl in Eo. subst o. unfold possible_ways in Hw.
    apply filter_In in Hw as [Hw Hso]. simpl in Hso. rewrite forallb_forall in Hso.
    unfold bounds_holders in bounded. rewrite forallb_forall in bounded. specialize (bounded x (tasks_listed _ _ _ Hst x Hx)).
    rewrite Hn, forallb_forall in bounded. specialize (bounded _ Hw). unfold pins_by_a_slot in bounded.
    assert (can_be P elsewhere x (@pair (list condition) outcome c (y, e)) = true) as Hc.
    { apply forallb_forall. intros k Hk. apply (is_so_may P elsewhere Z they_fit ls is_complete st); auto. }
    rewrite Hc in bounded. cbn [fst snd] in bounded. rewrite Hy in bounded. simpl in bounded. apply existsb_exists in bounded as (k & Hk & E).
    destruct k as [? ?|? ?|?|? ?|? ?|r kept|?|?|? ?|? ?]; try easy. simpl in E. apply andb_true_iff in E as [Er Ek].
    apply Nat.eqb_eq in Er as ->. apply Nat.leb_le in Ek. specialize (Hso _ Hk). simpl in Hso. apply Nat.ltb_lt in Hso. lia.
Qed.

Theorem few_holders ts st : (forall t, In t ts -> t < length (programs P)) -> reachable P Z ts st ->
  holders (tasks st) <= slots_in Z s - for_holders (series_of P s).
Proof.
  intros Ht. induction 1 as [|st st' Hst IH [i x [y e] Hi Ho]].
  - assert (holders (tasks (starts_with P ts)) = 0) as ->; [|lia]. unfold holders. simpl. unfold total.
    rewrite map_map. clear. induction ts as [|t ts IH]; [easy|]. simpl. rewrite IH. unfold parted.
    now destruct (ended (begins P t)).
  - pose proof (every_task_is_on_the_list P elsewhere Z they_fit ls is_complete ts Ht st Hst) as Hl.
    pose proof (nth_error_In _ _ Hi) as Hx. unfold holders in *. set (f := fun x => one_if (has_pin x s)) in *.
    assert (Hpart : f (parted y) = f y) by (unfold f, parted; now destruct (ended y)).
    assert (Hsum : total f (tasks (after st i (y, e))) + f x = total f (tasks st) + f y).
    { rewrite <- Hpart. simpl. destruct e as [|r|p r|p r|c n|c n]; try (now apply total_put_eq).
      rewrite (put_flushed f) by easy. now apply total_put_eq. }
    assert (Hfx : f x = one_if (has_pin x s)) by easy. assert (Hfy : f y = one_if (has_pin y s)) by easy.
    destruct (has_pin x s) eqn:Ex; [destruct (has_pin y s); simpl in Hfx, Hfy; lia|].
    destruct (has_pin y s) eqn:Ey; simpl in Hfx, Hfy; [|lia].
    pose proof (first_pin st x y e Hl Hx Ho Ex Ey) as Hroom. pose proof (holders_use_slots st Hl) as Huse.
    unfold holders in Huse. fold f in Huse. lia.
Qed.
End OneScenario.
