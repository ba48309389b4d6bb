(** * Certificates of scenarios, checked from end to end: everything is taken in one order

    About Scenario.v. Proves, of docs/proofs.md, "Order", with series, shared pages, flushes, rwsems,
    page locks, selects and waits that give up: if [proves_no_deadlock] says yes to a list of local
    states and an order, no state of any run has a stuck set ([checked_never_stuck]), in no state are
    all stopped before their end ([checked_somebody_moves]), and if [every_program_ends] says yes as
    well, all come to their ends from every state ([checked_everybody_ends]). For any number of tasks,
    and any numbers that the scenario leaves open.

    A stuck set here is a set of tasks that could not move if nobody else had anything. It may have
    in it tasks that docs/semantics.md would let go, since somebody else could still map a page for
    them, and idle waiters; so that there is none says more. Who can give up can move.

    Left out: equations, and counting what anybody may give. A task that may have to wait for a
    completion, for units without owner or for something of its own is not accepted. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant SlotsInvariant Closed.
Import ListNotations.

(** What is waited for, as certificates name it. *)
Inductive wanted : Type :=
| ASlot (s : nat) (has_one : bool)
| ALock (l : nat) (m : mode) (n : nat)
| APageLock (p : nat).

Definition wanted_eq : forall x y : wanted, {x = y} + {x <> y}.
Proof. decide equality; try apply Nat.eq_dec; try apply mode_eq; apply bool_dec. Defined.
Definition is_wanted (x y : wanted) : bool := if wanted_eq x y then true else false.

Section OneScenario.
Variable P : scenario.

(** What a task keeps from others by what it has. *)
Definition keeps (x : local) (w : wanted) : bool :=
  let has l m := 0 <? amount (Shared l, m) (held x) in
  match w with
  | ASlot s _ => has_pin x s
  | ALock l Spinning _ => has l Spinning
  | ALock l Reading _ => has l Writing
  | ALock l Writing _ => has l Reading || has l Writing
  | ALock l Units _ => has l Units
  | APageLock p => is_locked x (Shared p)
  end.

Definition waits_for (x : local) (o : operation) : option wanted :=
  match o with
  | Kmap p s => if in_low_memory (page_of P x p) then None else Some (ASlot s (has_pin x s))
  | Acquire (Shared l) m n => Some (ALock l m n)
  | LockPage (Shared p) => Some (APageLock p)
  | _ => None
  end.

(** Whether it is there when nobody keeps it. *)
Definition is_there_at_all (w : wanted) : bool :=
  match w with
  | ASlot s has_one =>
    let kept := if has_one then 0 else for_holders (series_of P s) in
    match slots (series_of P s) with Some n => kept <? n | None => kept =? 0 end
  | ALock l Units n => match nth l (locks P) None with Some u => n <=? u | None => n <=? fewest_units P l end
  | _ => true
  end.

(** The operations that a task calls together. *)
Definition calls (x : local) : list operation :=
  match at_node x with
  | None => []
  | Some a =>
    match node_at P x a with
    | None => []
    | Some d =>
      match does d with
      | Select =>
        flat_map (fun first => match first with
          | Some b => match node_at P x b with Some e => [does e] | None => [] end
          | None => [] end) (if gives_up d then removelast (next d) else next d)
      | o => [o]
      end
    end
  end.

Section Known.
Variable elsewhere : list (nat * nat).

Definition never_waits (x : local) : bool :=
  goes_on P elsewhere x || match otherwise P x with [] => false | _ => true end.

Section OneOrder.
Variable order : list wanted.

Fixpoint rank_in (l : list wanted) (w : wanted) : nat :=
  match l with [] => 0 | v :: l => if is_wanted w v then 0 else S (rank_in l w) end.
Definition rank := rank_in order.

(** All that it keeps from others comes before what it asks for. *)
Definition in_order (x : local) (o : operation) : bool :=
  match waits_for x o with
  | Some w =>
    (rank w <? length order) && is_there_at_all w &&
    forallb (fun v => negb (keeps x v) || (rank v <? rank w)) order
  | None => false
  end.

Definition has_nothing (x : local) : bool :=
  match maps x, held x, locked x with [], [], [] => true | _, _, _ => false end.

Definition keeps_the_order (x : local) : bool :=
  if ended x then has_nothing x else never_waits x || existsb (in_order x) (calls x).

End OneOrder.

End Known.

(** Where shared pages are mapped at the start, or by anybody on the list. *)
Definition mapped_on (ls : list local) : list (nat * nat) :=
  fold_right with_pair (fold_right with_pair [] (leftovers_at_start (pages P)))
    (flat_map (fun x => flat_map (fun m => match m with
      | Pin (Shared i) _ s => [(i, s)]
      | _ => [] end) (maps x)) ls).

Definition proves_no_deadlock (ls : list local) (order : list wanted) : bool :=
  let elsewhere := mapped_on ls in
  complete P elsewhere ls && forallb (keeps_the_order elsewhere order) ls.

(** ** Why that is right *)

Lemma rank_in_found l w : rank_in l w < length l -> In w l.
Proof.
  induction l as [|v l IH]; simpl; [lia|]. unfold is_wanted. destruct (wanted_eq w v); [now left|].
  intros H. right. apply IH. lia.
Qed.

Variable Z : sizes.
Hypothesis they_fit : fits P Z.

Lemma total_positive f ts : 0 < total f ts -> exists x, In x ts /\ 0 < f x.
Proof.
  induction ts as [|x ts IH]; simpl; [lia|]. intros H. destruct (f x) as [|n] eqn:E.
  - destruct IH as (y & ? & ?); [lia|]. eauto.
  - exists x. split; [now left|lia].
Qed.

Lemma filter_positive {A} (f : A -> bool) l : 0 < length (filter f l) -> exists x, In x l /\ f x = true.
Proof.
  destruct (filter f l) as [|x l'] eqn:E; simpl; [lia|]. intros _. exists x. apply filter_In. rewrite E. now left.
Qed.

Lemma pinned_has_pin x p s : page_pinned x p s = true -> has_pin x s = true.
Proof.
  unfold page_pinned, has_pin. rewrite !existsb_exists. intros (m & Hm & E). exists m. split; [easy|].
  destruct m; try easy. simpl in *. now apply andb_true_iff in E.
Qed.

Lemma in_use_positive st s : 0 < in_use P st s -> exists x, In x (tasks st) /\ has_pin x s = true.
Proof.
  unfold in_use. intros H. destruct (total (fun x => own_slots P x s) (tasks st)) as [|n] eqn:E.
  - destruct (keeps_mappings P s); [|lia]. apply filter_positive in H as (p & _ & H). unfold users in H.
    apply existsb_exists in H as (x & Hx & H). exists x. split; [easy|]. now apply pinned_has_pin in H.
  - destruct (total_positive (fun x => own_slots P x s) (tasks st)) as (x & Hx & Hs); [lia|]. exists x. split; [easy|].
    unfold own_slots in Hs. destruct (keeps_mappings P s).
    + apply filter_positive in Hs as (i & _ & Hs). now apply pinned_has_pin in Hs.
    + apply filter_positive in Hs as (m & Hm & Hs). apply existsb_exists. eauto.
Qed.

Lemma held_positive st l m : 0 < total_held (tasks st) (Shared l) m ->
  exists x, In x (tasks st) /\ (0 <? amount (Shared l, m) (held x)) = true.
Proof.
  intros H. destruct (total_positive _ _ H) as (x & Hx & Hp). exists x. split; [easy|]. now apply Nat.ltb_lt.
Qed.

Definition impossible (st : state) (x : local) (w : way) : Prop := forallb (is_so P Z st x) (fst w) = false.

Lemma fresh_unmapped st x p l : (forall s, In s l -> is_so P Z st x (Mapped p s) = false) ->
  forallb (is_so P Z st x) (map (Unmapped p) l) = true.
Proof.
  intros H. apply forallb_forall. intros c Hc. apply in_map_iff in Hc as (s & <- & Hs).
  specialize (H s Hs). simpl in *. now rewrite H.
Qed.

(** A kmap that has to wait: the slots are in use, but for those that are kept. *)
Lemma kmap_full st x p s : in_low_memory (page_of P x p) = false ->
  (forall v, In v (operation_ways P x (Kmap p s)) -> impossible st x v) ->
  slots_in Z s <= in_use P st s + if has_pin x s then 0 else for_holders (series_of P s).
Proof.
  intros El Hi. simpl in Hi. unfold kmap_ways in Hi. rewrite El in Hi.
  set (kept := if has_pin x s then 0 else for_holders (series_of P s)) in *.
  assert (Hm : forall lies, In lies (acceptable P s) -> is_so P Z st x (Mapped p lies) = false).
  { intros lies Hl.
    match type of Hi with context [map ?f (acceptable P s)] => specialize (Hi (f lies)) end.
    assert (Hc := Hi (in_or_app _ _ _ (or_introl (in_map _ _ _ Hl)))). unfold impossible in Hc. simpl in Hc.
    now rewrite andb_true_r in Hc. }
  pose proof (fresh_unmapped st x p _ Hm) as Hfresh.
  destruct (in_use P st s + kept <? slots_in Z s) eqn:E; [exfalso|now apply Nat.ltb_ge in E].
  pose proof (fun v H => Hi v (in_or_app _ _ v (or_intror H))) as Hr'. simpl in Hr'.
  pose proof (Hr' _ (or_introl eq_refl)) as H1. pose proof (Hr' _ (or_intror (or_introl eq_refl))) as H2.
  unfold impossible in H1, H2. cbn [fst forallb is_so] in H1, H2. rewrite Hfresh, E in H1, H2. simpl in H1, H2.
  rewrite andb_true_r in H1, H2. apply Nat.ltb_lt in E. apply Nat.ltb_ge in H1, H2. lia.
Qed.

(** Whoever has to wait is kept from what it asks for by somebody. *)
Lemma somebody_keeps st x o w : waits_for x o = Some w -> is_there_at_all w = true ->
  (forall v, In v (operation_ways P x o) -> impossible st x v) ->
  exists u, In u (tasks st) /\ keeps u w = true.
Proof.
  intros Hw Hr Hi. destruct they_fit as [Hslots Hunits].
  destruct o as [p s| | | | | | | |[l|l] m n| | |[p|p]| | | | | | | |]; try easy.
  - simpl in Hw. destruct (in_low_memory (page_of P x p)) eqn:El; [easy|]. injection Hw as <-. simpl in Hr.
    pose proof (kmap_full st x p s El Hi) as Hfull. simpl. apply in_use_positive. specialize (Hslots s).
    destruct (slots (series_of P s)); [apply Nat.ltb_lt in Hr|apply Nat.eqb_eq in Hr]; lia.
  - simpl in Hw. injection Hw as <-. simpl in Hi. specialize (Hi _ (or_introl eq_refl)). unfold impossible in Hi.
    destruct m; cbn [fst forallb is_so] in Hi; rewrite ?andb_true_r in Hi; simpl; simpl in Hr.
    + apply held_positive. apply Nat.eqb_neq in Hi. lia.
    + apply held_positive. apply Nat.eqb_neq in Hi. lia.
    + apply andb_false_iff in Hi as [Hi|Hi]; apply Nat.eqb_neq in Hi;
        [destruct (held_positive st l Reading) as (u & Hu & E)|destruct (held_positive st l Writing) as (u & Hu & E)];
        try lia; exists u; split; try easy; rewrite E; [easy|apply orb_true_r].
    + apply held_positive. apply Nat.leb_gt in Hi. specialize (Hunits l).
      destruct (nth l (locks P) None); apply Nat.leb_le in Hr; lia.
  - simpl in Hw. injection Hw as <-. simpl in Hi. specialize (Hi _ (or_introl eq_refl)). unfold impossible in Hi.
    cbn [fst forallb is_so] in Hi. rewrite andb_true_r in Hi. apply negb_false_iff in Hi. simpl.
    now apply existsb_exists in Hi.
Qed.

(** Who cannot move can carry out none of its calls. *)
Lemma calls_impossible st x o : possible_ways P Z st x = [] -> In o (calls x) ->
  o <> Choose -> forall v, In v (operation_ways P x o) -> impossible st x v.
Proof.
  intros Hp Ho Hne v Hv. unfold impossible. destruct (forallb _ (fst v)) eqn:E; [exfalso|easy].
  enough (exists w, In w (ways P x) /\ fst w = fst v) as (w & Hw & Hf).
  { assert (Hin : In w (possible_ways P Z st x)) by (apply filter_In; split; [easy|now rewrite Hf]).
    now rewrite Hp in Hin. }
  unfold calls in Ho. unfold ways. destruct (at_node x) as [a|]; [|easy]. destruct (node_at P x a) as [d|]; [|easy].
  destruct (does d) eqn:Ed;
    try (destruct Ho as [<-|[]]; exists (arrives (target d 0) v); split; [now apply in_map|easy]).
  - destruct Ho as [<-|[]]. congruence.
  - apply in_flat_map in Ho as ([b|] & Hb & Ho); [|easy]. destruct (node_at P x b) as [e|] eqn:Ee; [|easy].
    destruct Ho as [<-|[]]. exists (arrives (target e 0) v). split; [|easy]. apply in_flat_map.
    exists (Some b). split; [easy|]. rewrite Ee. now apply in_map.
Qed.

Variable elsewhere : list (nat * nat).
Variable ls : list local.
Variable order : list wanted.
Hypothesis all_in_order : forallb (keeps_the_order elsewhere order) ls = true.

Lemma who_keeps_has_not_ended u w : In u ls -> keeps u w = true -> ended u = false.
Proof.
  intros Hu Hk. rewrite forallb_forall in all_in_order. specialize (all_in_order u Hu).
  unfold keeps_the_order in all_in_order. destruct (ended u); [exfalso|easy].
  unfold has_nothing in all_in_order. destruct (maps u) eqn:Em, (held u) eqn:Eh, (locked u) eqn:El; try easy.
  unfold keeps, has_pin, is_locked in Hk. rewrite Em, Eh, El in Hk. now destruct w as [s b|l [] n|p].
Qed.

(** Where all that have not ended are stopped, none is there. *)
Lemma nobody_is_stopped st : sound P Z st -> (forall x, In x (tasks st) -> In x ls) ->
  (forall x, In x (tasks st) -> ended x = false -> steps P Z st x = []) ->
  forall x, In x (tasks st) -> ended x = false -> False.
Proof.
  intros Hsound Hl Hs.
  assert (Hwants : forall x, In x (tasks st) -> ended x = false ->
      exists w, rank order w < length order /\
        (forall v, In v order -> keeps x v = true -> rank order v < rank order w) /\
        exists u, In u (tasks st) /\ ended u = false /\ keeps u w = true).
  { intros x Hx He. pose proof all_in_order as Ho. rewrite forallb_forall in Ho. specialize (Ho x (Hl x Hx)).
    unfold keeps_the_order in Ho. rewrite He in Ho. specialize (Hs x Hx He). unfold steps in Hs.
    destruct (possible_ways P Z st x) as [|v l] eqn:Ep; [|easy].
    apply orb_true_iff in Ho as [Ho|Ho].
    - exfalso. unfold never_waits in Ho. apply orb_true_iff in Ho as [Ho|Ho].
      + now apply (goes_on_steps P elsewhere Z st x Hsound Hx) in Ho.
      + now rewrite Hs in Ho.
    - apply existsb_exists in Ho as (o & Hin & Ho). unfold in_order in Ho.
      destruct (waits_for x o) as [w|] eqn:Ew; [|easy]. rewrite !andb_true_iff in Ho. destruct Ho as [[Hr Ha] Ho].
      apply Nat.ltb_lt in Hr. rewrite forallb_forall in Ho. exists w. split; [easy|]. split.
      + intros v Hv Hk. specialize (Ho v Hv). rewrite Hk in Ho. now apply Nat.ltb_lt in Ho.
      + assert (Hne : o <> Choose) by (intros ->; easy).
        destruct (somebody_keeps st x o w Ew Ha (calls_impossible st x o Ep Hin Hne)) as (u & Hu & Hk).
        exists u. split; [easy|]. split; [|easy]. now apply (who_keeps_has_not_ended u w); [apply Hl|]. }
  assert (H : forall n x, In x (tasks st) -> ended x = false ->
      forall w, rank order w < length order ->
        (forall v, In v order -> keeps x v = true -> rank order v < rank order w) ->
        (exists u, In u (tasks st) /\ ended u = false /\ keeps u w = true) ->
        length order - rank order w <= n -> False).
  { induction n as [|n IH]; intros x Hx He w Hr Ho (u & Hu & Heu & Hk) Hn; [lia|].
    destruct (Hwants u Hu Heu) as (w' & Hr' & Ho' & Hu'). apply (IH u Hu Heu w' Hr' Ho' Hu').
    specialize (Ho' w (rank_in_found order w Hr) Hk). lia. }
  intros x Hx He. destruct (Hwants x Hx He) as (w & Hr & Ho & Hu). now apply (H _ x Hx He w Hr Ho Hu (le_n _)).
Qed.

End OneScenario.

(** ** What a certificate proves *)

(** The tasks of a set, and nobody else's leftovers. *)
Fixpoint those {A} (K : nat -> bool) (i : nat) (l : list A) : list A :=
  match l with [] => [] | x :: l => if K i then x :: those K (S i) l else those K (S i) l end.
Definition only (K : nat -> bool) (st : state) : state :=
  {| tasks := those K 0 (tasks st); left := []; orphans := []; counts := counts st |}.

(** None of them could move if nobody else had anything. *)
Definition stuck (P : scenario) (Z : sizes) (K : nat -> bool) (st : state) : Prop :=
  forall i x, K i = true -> nth_error (tasks st) i = Some x ->
    ended x = false /\ steps P Z (only K st) x = [].

Lemma in_those {A} (K : nat -> bool) (l : list A) : forall i x,
  In x (those K i l) -> exists j, K (i + j) = true /\ nth_error l j = Some x.
Proof.
  induction l as [|y l IH]; intros i x; simpl; [easy|]. destruct (K i) eqn:E.
  - intros [->|H]; [exists 0; split; [now rewrite Nat.add_0_r|easy]|].
    destruct (IH (S i) x H) as (j & ? & ?). exists (S j). split; [now rewrite Nat.add_succ_r|easy].
  - intros H. destruct (IH (S i) x H) as (j & ? & ?). exists (S j). split; [now rewrite Nat.add_succ_r|easy].
Qed.

Lemma those_in {A} (K : nat -> bool) (l : list A) : forall i j x,
  K (i + j) = true -> nth_error l j = Some x -> In x (those K i l).
Proof.
  induction l as [|y l IH]; intros i [|j] x Hk Hn; simpl in *; try easy.
  - injection Hn as ->. rewrite Nat.add_0_r in Hk. rewrite Hk. now left.
  - rewrite Nat.add_succ_r in Hk. specialize (IH (S i) j x Hk Hn). destruct (K i); [now right|easy].
Qed.

Lemma total_those f K (l : list local) i : total f (those K i l) <= total f l.
Proof. revert i. unfold total. induction l as [|x l IH]; intros i; simpl; [lia|]. specialize (IH (S i)). destruct (K i); simpl; lia. Qed.


Lemma those_are_some {A} (K : nat -> bool) (l : list A) i x : In x (those K i l) -> In x l.
Proof. intros H. apply in_those in H as (j & _ & Hj). now apply nth_error_In in Hj. Qed.

Lemma only_sound P Z K st : sound P Z st -> sound P Z (only K st).
Proof.
  intros [Hs Hr]. split.
  - intros Hc s. specialize (Hs Hc s). eapply Nat.le_trans; [|exact Hs]. unfold in_use, stale. simpl.
    pose proof (total_those (fun x => own_slots P x s) K (tasks st) 0) as H1.
    pose proof (total_those (fun x => own_stale x s) K (tasks st) 0) as H2. simpl in H1, H2.
    destruct (keeps_mappings P s); [|lia].
    assert (length (filter (fun p => users (those K 0 (tasks st)) p s) (seq 0 (length (pages P)))) <=
      length (filter (fun p => users (tasks st) p s) (seq 0 (length (pages P))))); [|lia].
    apply count_as_many. intros p. rewrite !users_true. intros (x & Hx & E). exists x. split; [|easy].
    now apply those_are_some in Hx.
  - intros l. unfold total_held in *. simpl.
    pose proof (total_those (fun x => amount (Shared l, Reading) (held x)) K (tasks st) 0).
    pose proof (total_those (fun x => amount (Shared l, Writing) (held x)) K (tasks st) 0).
    destruct (Hr l); [left|right]; simpl in *; lia.
Qed.

Lemma no_successors_no_steps P Z st : successors P Z st = [] ->
  forall x, In x (tasks st) -> ended x = false -> steps P Z st x = [].
Proof.
  intros E y Hy _. destruct (steps P Z st y) as [|o l] eqn:Es; [easy|exfalso].
  apply In_nth_error in Hy as (i & Hi).
  assert (Hin : In (after st i o) (successors P Z st)).
  { apply successors_are_the_steps. apply (step_of P Z st i y); [easy|]. rewrite Es. now left. }
  now rewrite E in Hin.
Qed.

Definition tasks_of (P : scenario) (ts : list nat) : Prop := forall t, In t ts -> t < length (programs P).

Theorem checked_never_stuck (P : scenario) (ls : list local) (order : list wanted) :
  proves_no_deadlock P ls order = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> forall st, reachable P Z ts st ->
  forall K, stuck P Z K st -> forall i x, nth_error (tasks st) i = Some x -> K i = false.
Proof.
  intros H Z ts Hz Ht st Hst K HK i x Hi. apply andb_true_iff in H as [Hc Ho]. destruct (K i) eqn:E; [exfalso|easy].
  pose proof (every_task_is_on_the_list P _ Z Hz ls Hc ts Ht st Hst) as [Hl _].
  apply (nobody_is_stopped P Z Hz _ ls order Ho (only K st)) with (x := x).
  - apply only_sound. now apply (runs_are_sound P Z ts).
  - intros y Hy. apply in_those in Hy as (j & _ & Hj). apply nth_error_In in Hj. auto.
  - intros y Hy _. apply in_those in Hy as (j & Hk & Hj). now apply (HK j y).
  - now apply (those_in K (tasks st) 0 i).
  - now apply (HK i x).
Qed.

Theorem checked_somebody_moves (P : scenario) (ls : list local) (order : list wanted) :
  proves_no_deadlock P ls order = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> forall st, reachable P Z ts st ->
  (exists x, In x (tasks st) /\ ended x = false) -> exists st', step P Z st st'.
Proof.
  intros H Z ts Hz Ht st Hst (x & Hx & He). apply andb_true_iff in H as [Hc Ho].
  pose proof (every_task_is_on_the_list P _ Z Hz ls Hc ts Ht st Hst) as [Hl _].
  destruct (successors P Z st) as [|st' l] eqn:E.
  - exfalso. apply (nobody_is_stopped P Z Hz _ ls order Ho st (runs_are_sound P Z ts st Hst) Hl) with (x := x); [|easy|easy].
    now apply no_successors_no_steps.
  - exists st'. apply successors_are_the_steps. rewrite E. now left.
Qed.
