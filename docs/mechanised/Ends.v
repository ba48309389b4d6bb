(** * Scenarios without loops: every task comes to its end

    About Scenario.v. Proves, of docs/proofs.md, "Letting go": where no task program loops, each step
    brings the end nearer ([steps_bring_the_end_nearer]). So with a certificate that there is no
    deadlock, from every state of every run all tasks can go on to their ends
    ([checked_everybody_ends]), and every run that goes on as long as it can ends there. Nobody
    starves. The function [every_program_ends] looks at the programs; the certificate has nothing to
    say on it. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant Closed Ordered.
Import ListNotations.

(** How many operations are at most to come; [h] has it for each operation, its own not counted. *)
Definition height (h : list nat) (a : option nat) : nat := match a with None => 0 | Some b => S (nth b h 0) end.

(** Found in one pass from the last operation, as if all targets lay behind. *)
Fixpoint heights_from (i : nat) (ds : list instruction) : list nat :=
  match ds with
  | [] => []
  | d :: ds =>
    let hs := heights_from (S i) ds in
    fold_right (fun t m => Nat.max m match t with
      | None => 0
      | Some b => if b <=? i then 0 else S (nth (b - S i) hs 0) end) 0 (next d) :: hs
  end.
Definition heights (p : program) : list nat := heights_from 0 (nodes p).

Definition goes_down (h : list nat) (i : nat) (d : instruction) : bool := forallb (fun t => height h t <=? nth i h 0) (next d).
Definition program_ends (p : program) : bool :=
  let h := heights p in
  forallb (fun i => match nth_error (nodes p) i with Some d => goes_down h i d | None => true end)
    (seq 0 (length (nodes p))).
Definition every_program_ends (P : scenario) : bool := forallb program_ends (programs P).

Section OneScenario.
Variable P : scenario.
Hypothesis they_end : every_program_ends P = true.

Definition to_come (x : local) : nat := height (heights (program_of P x)) (at_node x).
Definition all_to_come (st : state) : nat := total to_come (tasks st).

Lemma node_goes_down x a d : node_at P x a = Some d ->
  forall t, t = None \/ In t (next d) -> height (heights (program_of P x)) t < to_come (goes_to x (Some a)).
Proof.
  intros Hn t Ht. unfold to_come; simpl. change (program_of P (goes_to x (Some a))) with (program_of P x).
  destruct Ht as [->|Ht]; [simpl; lia|]. unfold node_at in Hn.
  assert (He : program_ends (program_of P x) = true).
  { unfold program_of. destruct (nth_in_or_default (runs x) (programs P) no_program) as [H| ->]; [|easy].
    unfold every_program_ends in they_end. rewrite forallb_forall in they_end. auto. }
  unfold program_ends in He. rewrite forallb_forall in He. specialize (He a).
  rewrite in_seq, Hn in He. assert (a < length (nodes (program_of P x))) by (apply nth_error_Some; congruence).
  specialize (He ltac:(lia)). unfold goes_down in He. rewrite forallb_forall in He. specialize (He t Ht).
  apply Nat.leb_le in He. lia.
Qed.

Lemma in_nth_none {A} n (l : list (option A)) : nth n l None = None \/ In (nth n l None) l.
Proof. destruct (nth_in_or_default n l None); auto. Qed.

Lemma last_in_none {A} (l : list (option A)) : last l None = None \/ In (last l None) l.
Proof.
  destruct l as [|a l]; [now left|]. right. destruct (@exists_last _ (a :: l)) as (l' & b & ->); [easy|].
  rewrite last_last. apply in_or_app. right. now left.
Qed.

Lemma in_removelast {A} (x : A) l : In x (removelast l) -> In x l.
Proof.
  induction l as [|y l IH]; [easy|]. simpl. destruct l; [easy|]. intros [->|H]; [now left|right; auto].
Qed.

Lemma to_come_of x y a : runs y = runs x -> at_node y = a -> to_come y = height (heights (program_of P x)) a.
Proof. intros Hr <-. unfold to_come, program_of. now rewrite Hr. Qed.

Lemma step_goes_down Z st x o : In o (steps P Z st x) -> to_come (fst o) < to_come x.
Proof.
  assert (Hways : forall c o, In (c, o) (ways P x) -> to_come (fst o) < to_come x).
  { intros c [y e] H. unfold ways in H. destruct (at_node x) as [a|] eqn:Ea; [|easy].
    destruct (node_at P x a) as [d|] eqn:Ed; [|easy].
    assert (Hx : to_come (goes_to x (Some a)) = to_come x) by (unfold to_come; simpl; now rewrite Ea).
    assert (Harr : forall f b, In (c, (y, e)) (map (arrives b) (operation_ways P x f)) ->
        to_come y = height (heights (program_of P x)) b).
    { intros f b Hin. apply in_map_iff in Hin as ([c' [y' e']] & H' & Hin). injection H' as _ <- _.
      apply to_come_of; [|easy]. simpl. now apply operation_runs in Hin. }
    simpl. rewrite <- Hx.
    destruct (does d) eqn:Eo;
      try (rewrite (Harr _ _ H); apply (node_goes_down x a d Ed); apply in_nth_none).
    - apply in_map_iff in H as (t & H' & Ht). injection H' as _ <- _.
      rewrite (to_come_of x (goes_to x t) t) by easy. apply (node_goes_down x a d Ed). now right.
    - apply in_flat_map in H as ([b|] & Hb & H); [|easy]. destruct (node_at P x b) as [f|] eqn:Ef; [|easy].
      rewrite (Harr _ _ H). apply Nat.lt_trans with (to_come (goes_to x (Some b))).
      + apply (node_goes_down x b f Ef). apply in_nth_none.
      + rewrite (to_come_of x (goes_to x (Some b)) (Some b)) by easy. apply (node_goes_down x a d Ed). right.
        destruct (gives_up d); [now apply in_removelast in Hb|easy]. }
  unfold steps. destruct (possible_ways P Z st x) as [|w l] eqn:Ep.
  - intros Ho. unfold otherwise in Ho. destruct (at_node x) as [a|] eqn:Ea; [|easy].
    destruct (node_at P x a) as [d|] eqn:Ed; [|easy].
    assert (Hx : to_come (goes_to x (Some a)) = to_come x) by (unfold to_come; simpl; now rewrite Ea).
    assert (Hto : forall t, t = None \/ In t (next d) -> to_come (goes_to x t) < to_come x).
    { intros t Ht. rewrite <- Hx, (to_come_of x (goes_to x t) t) by easy. now apply (node_goes_down x a d Ed). }
    destruct (does d); cbn [is_try] in Ho; try (destruct (gives_up d); [|easy]);
      destruct Ho as [<-|[]]; apply Hto; first [apply in_nth_none|apply last_in_none].
  - rewrite <- Ep. intros Ho. apply in_map_iff in Ho as ([c o'] & <- & Hw). unfold possible_ways in Hw.
    apply filter_In in Hw as [Hw _]. now apply (Hways c).
Qed.

Lemma total_put f i (x y : local) ts : nth_error ts i = Some x -> f y < f x -> total f (put i y ts) < total f ts.
Proof.
  unfold total. revert i; induction ts as [|z ts IH]; intros [|i] Hi Hf; simpl in *; try easy.
  - injection Hi as ->. lia.
  - specialize (IH i Hi Hf). lia.
Qed.

Theorem steps_bring_the_end_nearer Z st st' : step P Z st st' -> all_to_come st' < all_to_come st.
Proof.
  intros [i x o Hi Ho]. apply step_goes_down in Ho. destruct o as [y e]. unfold all_to_come; simpl in *.
  assert (Hp : to_come (parted y) = to_come y) by (unfold parted; now destruct (ended y)).
  assert (Hf : forall s z, to_come (flush_local s z) = to_come z) by easy.
  destruct e as [|s|p s|p s|c n|c n];
    try (apply total_put with x; [easy|now rewrite Hp]).
  rewrite <- (total_map to_come (flush_local s) (tasks st) (Hf s)).
  apply total_put with (flush_local s x); [now apply map_nth_error|now rewrite Hp, Hf].
Qed.

End OneScenario.

Inductive continues (P : scenario) (Z : sizes) : state -> state -> Prop :=
| stays st : continues P Z st st
| goes_on_to st st' st'' : step P Z st st' -> continues P Z st' st'' -> continues P Z st st''.

Lemma where_somebody_moves_all_end (P : scenario) (Z : sizes) (ts : list nat) :
  every_program_ends P = true ->
  (forall st, reachable P Z ts st -> (exists x, In x (tasks st) /\ ended x = false) -> exists st', step P Z st st') ->
  forall st, reachable P Z ts st ->
  exists st', continues P Z st st' /\ forall x, In x (tasks st') -> ended x = true.
Proof.
  intros He Hmoves st. remember (all_to_come P st) as n eqn:En. revert st En.
  induction n as [n IH] using lt_wf_ind. intros st En Hst.
  destruct (existsb (fun x => negb (ended x)) (tasks st)) eqn:E.
  - apply existsb_exists in E as (x & Hx & E). apply negb_true_iff in E.
    destruct (Hmoves st Hst (ex_intro _ x (conj Hx E))) as (st' & Hs).
    pose proof (steps_bring_the_end_nearer P He Z st st' Hs) as Hm.
    destruct (IH (all_to_come P st')) with (st := st') as (st'' & Hc & Hall); [lia|easy|now apply (later P Z ts st)|].
    exists st''. split; [now apply (goes_on_to P Z st st')|easy].
  - exists st. split; [apply stays|]. intros x Hx. destruct (ended x) eqn:Ex; [easy|].
    assert (existsb (fun x => negb (ended x)) (tasks st) = true); [|congruence].
    apply existsb_exists. exists x. now rewrite Ex.
Qed.

Theorem checked_everybody_ends (P : scenario) (ls : list local) (order : list wanted) :
  proves_no_deadlock P ls order = true -> every_program_ends P = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> forall st, reachable P Z ts st ->
  exists st', continues P Z st st' /\ forall x, In x (tasks st') -> ended x = true.
Proof.
  intros Hd He Z ts Hz Ht. apply where_somebody_moves_all_end; [easy|].
  exact (checked_somebody_moves P ls order Hd Z ts Hz Ht).
Qed.
