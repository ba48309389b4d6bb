(** * What the checks of scenarios accept, and what they refuse

    About Scenario.v, Closed.v, Ordered.v, ScenarioCore.v and Ends.v: small scenarios with their lists
    of local states. Their premises can be met; and a list that lacks a state, a wrong order, wrong
    inequalities, and a scenario that does deadlock are refused. *)

From Coq Require Import List ZArith Arith Bool.
From Kmapcheck Require Import Refutation Scenario Closed Ordered Ends ScenarioEquations.
Import ListNotations.

Definition then_to (o : operation) (a : option nat) : instruction := {| does := o; gives_up := false; next := [a] |}.

(** ** A gate, then a slot of a series that keeps mappings *)

Definition gated : scenario := {|
  all_series := [ {| slots := None; reuse := TakesOwn; for_holders := 0 |} ];
  locks := [Some 1]; counters := []; pages := [];
  programs := [ {|
    own_pages := [ {| in_low_memory := false; mapped_at_start := [] |} ]; own_locks := [];
    entry := Some 0;
    nodes := [ then_to (Acquire (Shared 0) Units 1) (Some 1); then_to (Kmap (Own 0) 0) (Some 2);
               then_to (Kunmap (Own 0)) (Some 3); then_to (Release (Shared 0) Units 1) None ] |} ] |}.

Definition at_gated (a : option nat) (m : list mapping) (h : bool) (l : list (nat * nat)) : local :=
  {| runs := 0; at_node := a; maps := m; held := if h then [((Shared 0, Units), 1)] else []; locked := []; leftovers := l |}.

(** Behind the kunmap the page is still mapped, unless somebody has flushed. *)
Definition gated_locals : list local :=
  [ at_gated (Some 0) [] false []; at_gated (Some 1) [] true []; at_gated (Some 2) [Pin (Own 0) 0 0] true [];
    at_gated (Some 3) [] true [(0, 0)]; at_gated (Some 3) [] true []; at_gated None [] false [] ].

Example gated_is_accepted : proves_no_deadlock gated gated_locals [ALock 0 Units 1; ASlot 0 false] = true /\
  every_program_ends gated = true.
Proof. split; reflexivity. Qed.

Example without_the_flushed_state_it_is_not :
  proves_no_deadlock gated
    (filter (fun x => if local_eq x (at_gated (Some 3) [] true []) then false else true) gated_locals)
    [ALock 0 Units 1; ASlot 0 false] = false.
Proof. reflexivity. Qed.

Example in_the_wrong_order_it_is_not :
  proves_no_deadlock gated gated_locals [ASlot 0 false; ALock 0 Units 1] = false.
Proof. reflexivity. Qed.

(** Runs are not empty: three tasks, two slots. *)
Definition two_slots : sizes := {| slots_in := fun s => match s with 0 => 2 | _ => 0 end; units_in := fun _ => 1 |}.

Example two_slots_fit : fits gated two_slots.
Proof. split; intros [|[|n]]; simpl; auto. Qed.

Example three_tasks_run : length (successors gated two_slots (starts_with gated [0; 0; 0])) = 3.
Proof. reflexivity. Qed.

(** ** Two slots each, one after the other *)

Definition greedy_on (slots_there : nat) : scenario := {|
  all_series := [ {| slots := Some slots_there; reuse := TakesNone; for_holders := 0 |} ];
  locks := []; counters := []; pages := [];
  programs := [ {|
    own_pages := repeat {| in_low_memory := false; mapped_at_start := [] |} 2; own_locks := [];
    entry := Some 0;
    nodes := [ then_to (Kmap (Own 0) 0) (Some 1); then_to (Kmap (Own 1) 0) (Some 2);
               then_to (Kunmap (Own 1)) (Some 3); then_to (Kunmap (Own 0)) None ] |} ] |}.

Definition greedy : scenario := greedy_on 2.

Definition at_greedy (a : option nat) (m : list mapping) : local :=
  {| runs := 0; at_node := a; maps := m; held := []; locked := []; leftovers := [] |}.
Definition greedy_locals : list local :=
  let x := at_greedy in
  [ x (Some 0) []; x (Some 1) [Pin (Own 0) 0 0]; x (Some 2) [Pin (Own 1) 0 0; Pin (Own 0) 0 0];
    x (Some 3) [Pin (Own 0) 0 0]; x None [] ].

(** The list is complete, and no order of slots will do. *)
Example greedy_is_refused : complete greedy [] greedy_locals = true /\
  proves_no_deadlock greedy greedy_locals [ASlot 0 false; ASlot 0 true] = false /\
  proves_no_deadlock greedy greedy_locals [ASlot 0 true; ASlot 0 false] = false.
Proof. repeat split; reflexivity. Qed.

(** Rightly: two tasks on two slots are stuck after two steps. *)
Example greedy_deadlocks :
  let first := starts_with greedy [0; 0] in
  existsb (fun st => existsb (fun st => match successors greedy two_slots st with [] => true | _ => false end)
    (successors greedy two_slots st)) (successors greedy two_slots first) = true.
Proof. reflexivity. Qed.

(** With three slots two tasks cannot be stuck: each would have to hold one, and three are held. Three
    tasks can; and to ask for more than is missing is no inequality that follows. *)
Definition both_hold_one (at_least : Z) : list knot :=
  [ {| awaited := [ASlot 0 true]; unknowns := [(at_greedy (Some 1) [Pin (Own 0) 0 0], 0)];
       rows := [ {| terms := [(0, 1%Z)]; is_at_least := true; bounded_by := at_least |};
                 {| terms := [(0, 1%Z)]; is_at_least := false; bounded_by := 2 |} ];
       why := [Leaf [(0, 1%N); (1, 1%N)]] |} ].

Example one_slot_more_is_accepted :
  proves_by_equations (greedy_on 3) (fun _ => Some 2) greedy_locals (both_hold_one 3) = true.
Proof. reflexivity. Qed.

Example three_tasks_are_not :
  proves_by_equations (greedy_on 3) (fun _ => Some 3) greedy_locals (both_hold_one 3) = false /\
  proves_by_equations (greedy_on 3) (fun _ => None) greedy_locals (both_hold_one 3) = false.
Proof. split; reflexivity. Qed.

Example nor_what_does_not_follow :
  proves_by_equations greedy (fun _ => Some 2) greedy_locals (both_hold_one 3) = false /\
  proves_by_equations (greedy_on 3) (fun _ => Some 2) greedy_locals [] = false.
Proof. split; reflexivity. Qed.

(** ** A loop *)

Example a_loop_does_not_end : every_program_ends {|
  all_series := []; locks := []; counters := []; pages := [];
  programs := [ {| own_pages := []; own_locks := []; entry := Some 0; nodes := [then_to MightSleep (Some 0)] |} ] |} = false.
Proof. reflexivity. Qed.
