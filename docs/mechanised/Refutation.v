(** * Refutations of linear inequalities: a checker that is proved

    What crates/linear/src/check.rs does, written as a function and proved
    ([refuted_has_no_solution]): if [refutes problem nodes] is [true], no values in natural numbers
    satisfy the problem. The format is that of crates/linear/src/refutation.rs: a list of nodes,
    each before those that follow it, the upper case of a branch before the lower.

    - A leaf: the weighted sum is a contradiction.
    - A cut: the weighted sum, divided and rounded up, is added.
    - A branch: first [variable >= at + 1] is added, then [variable <= at].

    Numbers here have no limit; the Rust program refuses sums that do not fit into 128 bits. *)

From Coq Require Import List ZArith Bool Lia.
Import ListNotations.
Local Open Scope Z_scope.

(** [sum >= bound], with a coefficient for each variable in turn. *)
Record inequality : Type := { coefficients : list Z; bound : Z }.

Fixpoint value (c : list Z) (x : nat -> Z) (i : nat) : Z :=
  match c with [] => 0 | a :: c => a * x i + value c x (S i) end.

Definition satisfied (x : nat -> Z) (q : inequality) : Prop := bound q <= value (coefficients q) x 0.

Definition solves (x : nat -> Z) (l : list inequality) : Prop :=
  (forall i, 0 <= x i) /\ forall q, In q l -> satisfied x q.

Inductive node : Type :=
| Leaf (weights : list (nat * N))
| Cut (weights : list (nat * N)) (divisor : positive)
| Branch (variable : nat) (at_most : Z).

Fixpoint plus_all (a b : list Z) : list Z :=
  match a, b with
  | [], b => b
  | a, [] => a
  | x :: a, y :: b => (x + y) :: plus_all a b
  end.

Definition scaled (w : Z) (q : inequality) : inequality :=
  {| coefficients := map (fun c => w * c) (coefficients q); bound := w * bound q |}.

Definition plus (p q : inequality) : inequality :=
  {| coefficients := plus_all (coefficients p) (coefficients q); bound := bound p + bound q |}.

(** [None] if a weight is for an inequality that is not there. *)
Fixpoint weighted_sum (known : list inequality) (weights : list (nat * N)) : option inequality :=
  match weights with
  | [] => Some {| coefficients := []; bound := 0 |}
  | (i, w) :: rest =>
    match nth_error known i, weighted_sum known rest with
    | Some q, Some p => Some (plus (scaled (Z.of_N w) q) p)
    | _, _ => None
    end
  end.

Definition rounded_up (a : Z) (d : positive) : Z := - ((- a) / Zpos d).

Definition unit_vector (i : nat) (c : Z) : list Z := repeat 0 i ++ [c].

(** The cases of [open] are still to be refuted, the next one first. *)
Fixpoint check (nodes : list node) (open : list (list inequality)) : bool :=
  match nodes, open with
  | [], [] => true
  | Leaf w :: nodes, known :: open =>
    match weighted_sum known w with
    | Some q => (0 <? bound q) && forallb (fun c => c <=? 0) (coefficients q) && check nodes open
    | None => false
    end
  | Cut w d :: nodes, known :: open =>
    match weighted_sum known w with
    | Some q =>
      let cut := {| coefficients := map (fun c => rounded_up c d) (coefficients q);
                    bound := rounded_up (bound q) d |} in
      check nodes ((known ++ [cut]) :: open)
    | None => false
    end
  | Branch i a :: nodes, known :: open =>
    let upper := {| coefficients := unit_vector i 1; bound := a + 1 |} in
    let lower := {| coefficients := unit_vector i (-1); bound := - a |} in
    check nodes ((known ++ [upper]) :: (known ++ [lower]) :: open)
  | _, _ => false
  end.

Definition refutes (problem : list inequality) (nodes : list node) : bool := check nodes [problem].

(** ** Why that is right *)

Lemma value_plus_all x : forall a b i, value (plus_all a b) x i = value a x i + value b x i.
Proof.
  induction a as [|u a IH]; intros [|v b] i; simpl; try lia. rewrite IH. lia.
Qed.

Lemma value_scaled x w : forall c i, value (map (fun a => w * a) c) x i = w * value c x i.
Proof. induction c as [|a c IH]; intros i; simpl; [lia|]. rewrite IH. lia. Qed.

Lemma weighted_sum_satisfied x known : (forall q, In q known -> satisfied x q) ->
  forall weights p, weighted_sum known weights = Some p -> satisfied x p.
Proof.
  intros H. induction weights as [|[i w] rest IH]; simpl; intros p E.
  - injection E as <-. unfold satisfied; simpl. lia.
  - destruct (nth_error known i) as [q|] eqn:Eq; [|easy].
    destruct (weighted_sum known rest) as [p'|]; [|easy]. injection E as <-.
    specialize (IH p' eq_refl). apply nth_error_In, H in Eq. unfold satisfied in *; simpl.
    rewrite value_plus_all, value_scaled. pose proof (N2Z.is_nonneg w). nia.
Qed.

Lemma value_nonpositive x : (forall i, 0 <= x i) -> forall c i,
  forallb (fun a => a <=? 0) c = true -> value c x i <= 0.
Proof.
  intros Hx. induction c as [|a c IH]; intros i H; simpl in *; [lia|].
  apply andb_true_iff in H as [Ha Hc]. apply Z.leb_le in Ha. specialize (IH (S i) Hc). specialize (Hx i). nia.
Qed.

Lemma rounded_up_spec a d : a <= Zpos d * rounded_up a d /\ Zpos d * (rounded_up a d - 1) < a.
Proof.
  unfold rounded_up. pose proof (Z.mul_div_le (- a) (Zpos d) (Pos2Z.is_pos d)).
  pose proof (Z.mul_succ_div_gt (- a) (Zpos d) (Pos2Z.is_pos d)). nia.
Qed.

Lemma rounding_adds x d : (forall i, 0 <= x i) -> forall c i,
  value c x i <= Zpos d * value (map (fun a => rounded_up a d) c) x i.
Proof.
  intros Hx. induction c as [|a c IH]; intros i; cbn [map value]; [lia|].
  specialize (IH (S i)). specialize (Hx i). destruct (rounded_up_spec a d) as [Ha _].
  pose proof (Z.mul_le_mono_nonneg_r _ _ (x i) Hx Ha). lia.
Qed.

Lemma value_unit x c : forall n i, value (unit_vector n c) x i = c * x (n + i)%nat.
Proof.
  unfold unit_vector. induction n as [|n IH]; intros i; simpl; [lia|]. rewrite IH. f_equal. f_equal. lia.
Qed.

Lemma check_refutes : forall nodes open, check nodes open = true ->
  forall known, In known open -> forall x, ~ solves x known.
Proof.
  assert (append : forall x known q, solves x known -> satisfied x q -> solves x (known ++ [q])).
  { intros x known q [Hx H] Hq. split; [easy|]. intros p Hp. apply in_app_iff in Hp as [?|[<-|[]]]; auto. }
  induction nodes as [|[w|w d|i a] nodes IH]; intros [|first open] H; simpl in H; try easy.
  - destruct (weighted_sum first w) as [q|] eqn:E; [|easy].
    apply andb_true_iff in H as [H Hrest]. apply andb_true_iff in H as [Hb Hc]. apply Z.ltb_lt in Hb.
    intros known [<-|Hin] x Hx; [|now apply (IH open Hrest known Hin x)].
    destruct Hx as [Hpos Hsat]. pose proof (weighted_sum_satisfied x first Hsat w q E) as Hq.
    unfold satisfied in Hq. pose proof (value_nonpositive x Hpos (coefficients q) 0%nat Hc). lia.
  - destruct (weighted_sum first w) as [q|] eqn:E; [|easy].
    intros known [<-|Hin] x Hx; [|apply (IH _ H known (or_intror Hin) x Hx)].
    apply (IH _ H _ (or_introl eq_refl) x). apply append; [easy|].
    destruct Hx as [Hpos Hsat]. pose proof (weighted_sum_satisfied x first Hsat w q E) as Hq.
    unfold satisfied in *; cbn [bound coefficients]. pose proof (rounding_adds x d Hpos (coefficients q) 0%nat) as Hr.
    pose proof (rounded_up_spec (bound q) d).
    assert (Zpos d * (rounded_up (bound q) d - 1) < Zpos d * value (map (fun c => rounded_up c d) (coefficients q)) x 0%nat) by lia.
    nia.
  - intros known [<-|Hin] x Hx; [|apply (IH _ H known (or_intror (or_intror Hin)) x Hx)].
    destruct (Z_lt_le_dec a (x i)) as [Hlt|Hle].
    + apply (IH _ H _ (or_introl eq_refl) x). apply append; [easy|]. unfold satisfied; simpl.
      rewrite value_unit. replace (i + 0)%nat with i by lia. lia.
    + apply (IH _ H _ (or_intror (or_introl eq_refl)) x). apply append; [easy|]. unfold satisfied; simpl.
      rewrite value_unit. replace (i + 0)%nat with i by lia. lia.
Qed.

Theorem refuted_has_no_solution (problem : list inequality) (nodes : list node) :
  refutes problem nodes = true -> forall x, ~ solves x problem.
Proof. intros H. apply (check_refutes nodes [problem] H). now left. Qed.

(** ** As certificates write them *)

(** Unknowns with their coefficients; at least the bound, or at most. *)
Record constraint : Type := { terms : list (nat * Z); is_at_least : bool; bounded_by : Z }.

Fixpoint sum_of (l : list (nat * Z)) (x : nat -> Z) : Z :=
  match l with [] => 0 | (i, c) :: l => c * x i + sum_of l x end.

Definition meets (x : nat -> Z) (c : constraint) : Prop :=
  if is_at_least c then bounded_by c <= sum_of (terms c) x else sum_of (terms c) x <= bounded_by c.

Fixpoint written_out (sign : Z) (l : list (nat * Z)) : list Z :=
  match l with [] => [] | (i, c) :: l => plus_all (unit_vector i (sign * c)) (written_out sign l) end.

Definition as_inequality (c : constraint) : inequality :=
  let sign := if is_at_least c then 1 else -1 in
  {| coefficients := written_out sign (terms c); bound := sign * bounded_by c |}.

Definition refutes_constraints (l : list constraint) (nodes : list node) : bool :=
  refutes (map as_inequality l) nodes.

Lemma value_written_out sign x : forall l, value (written_out sign l) x 0 = sign * sum_of l x.
Proof.
  induction l as [|[i c] l IH]; cbn [written_out sum_of]; [simpl; lia|].
  rewrite value_plus_all, value_unit, IH. replace (i + 0)%nat with i by lia. lia.
Qed.

Theorem refuted_constraints_have_no_solution (l : list constraint) (nodes : list node) :
  refutes_constraints l nodes = true ->
  forall x, (forall i, 0 <= x i) -> ~ forall c, In c l -> meets x c.
Proof.
  intros H x Hx Hall. apply (refuted_has_no_solution _ _ H x). split; [easy|].
  intros q Hq. apply in_map_iff in Hq as (c & <- & Hc). specialize (Hall c Hc).
  unfold satisfied, meets in *. unfold as_inequality; cbn [coefficients bound].
  rewrite value_written_out. destruct (is_at_least c); lia.
Qed.

(** [1 <= 2x <= 1]: no leaf alone will do. By a cut, and by a branch. *)
Example by_a_cut :
  refutes_constraints
    [ {| terms := [(0%nat, 2)]; is_at_least := true; bounded_by := 1 |};
      {| terms := [(0%nat, 2)]; is_at_least := false; bounded_by := 1 |} ]
    [ Cut [(0%nat, 1%N)] 2; Leaf [(1%nat, 1%N); (2%nat, 2%N)] ] = true.
Proof. reflexivity. Qed.

Example by_a_branch :
  refutes_constraints
    [ {| terms := [(0%nat, 2)]; is_at_least := true; bounded_by := 1 |};
      {| terms := [(0%nat, 2)]; is_at_least := false; bounded_by := 1 |} ]
    [ Branch 0 0; Leaf [(1%nat, 1%N); (2%nat, 2%N)]; Leaf [(0%nat, 1%N); (2%nat, 2%N)] ] = true.
Proof. reflexivity. Qed.

Example not_without_it :
  refutes_constraints
    [ {| terms := [(0%nat, 2)]; is_at_least := true; bounded_by := 1 |};
      {| terms := [(0%nat, 2)]; is_at_least := false; bounded_by := 1 |} ]
    [ Leaf [(0%nat, 1%N); (1%nat, 1%N)] ] = false.
Proof. reflexivity. Qed.
