(** * What the checks of scenarios accept, and what they refuse

    About Scenario.v, Closed.v, Ordered.v, ScenarioCore.v, Ends.v, ScenarioLettingGo.v,
    ScenarioStuck.v and ScenarioResting.v: small scenarios with their lists
    of local states. Their premises can be met; and a list that lacks a state, a wrong order, wrong
    inequalities, and a scenario that does deadlock are refused. *)

From Coq Require Import List ZArith Arith Bool.
From Kmapcheck Require Import Refutation Scenario Closed HoldersInvariant Ordered Ends ScenarioEquations
  ScenarioLettingGo ScenarioStuck ScenarioResting.
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

(** ** The last slots kept for holders *)

(** The same with so many of the slots kept, for any number of tasks. *)
Definition kept_of (slots_there kept : nat) : scenario := {|
  all_series := [ {| slots := Some slots_there; reuse := TakesNone; for_holders := kept |} ];
  locks := []; counters := []; pages := []; programs := programs greedy |}.

(** All slots are held, by no more than get in. *)
Definition no_more_get_in (slots_there in_all : Z) : list knot :=
  [ {| awaited := [ASlot 0 true]; unknowns := [(at_greedy (Some 1) [Pin (Own 0) 0 0], 0)];
       rows := [ {| terms := [(0, 1%Z)]; is_at_least := true; bounded_by := slots_there |};
                 {| terms := [(0, 1%Z)]; is_at_least := false; bounded_by := in_all |} ];
       why := [Leaf [(0, 1%N); (1, 1%N)]] |} ].
Definition proved_for (slots_there kept in_all : nat) : bool :=
  proves_by_equations (kept_of slots_there kept) (fun _ => None) greedy_locals
    (no_more_get_in (Z.of_nat slots_there) (Z.of_nat in_all)).

Example who_gets_in : proved_for 2 1 1 = true /\ proved_for 5 3 2 = true /\ proved_for 5 1 4 = true /\
  proved_for 5 3 1 = false /\ proved_for 5 1 3 = false.
Proof. repeat split; reflexivity. Qed.

(** None kept: refused. All kept, or more: nobody gets in, and all are stuck from the start. *)
Example none_or_all_kept : proved_for 2 0 1 = false /\ proved_for 2 2 0 = false /\ proved_for 2 3 0 = false /\
  bounds_holders (kept_of 2 2) [] greedy_locals 0 = true /\
  successors (kept_of 2 2) two_slots (starts_with (kept_of 2 2) [0; 0]) = [].
Proof. repeat split; reflexivity. Qed.

(** ** A reader may read again *)

Definition reads_twice (m : mode) : scenario := {|
  all_series := []; locks := [Some 1]; counters := []; pages := [];
  programs := [ {| own_pages := []; own_locks := []; entry := Some 0;
    nodes := [ then_to (Acquire (Shared 0) m 1) (Some 1); then_to (Acquire (Shared 0) m 1) (Some 2);
               then_to (Release (Shared 0) m 1) (Some 3); then_to (Release (Shared 0) m 1) (Some 4);
               then_to (Acquire (Shared 0) Writing 1) (Some 5); then_to (Release (Shared 0) Writing 1) None ] |} ] |}.

Definition at_reader (m : mode) (a : option nat) (n : nat) : local :=
  {| runs := 0; at_node := a; maps := []; held := match n with 0 => [] | _ => [((Shared 0, m), n)] end;
     locked := []; leftovers := [] |}.
Definition reader_locals (m : mode) : list local :=
  [ at_reader m (Some 0) 0; at_reader m (Some 1) 1; at_reader m (Some 2) 2; at_reader m (Some 3) 1;
    at_reader m (Some 4) 0; at_reader Writing (Some 5) 1; at_reader m None 0 ].

Example who_reads_keeps_writers_out :
  proves_no_deadlock (reads_twice Reading) (reader_locals Reading) [ALock 0 Reading 1; ALock 0 Writing 1] = true /\
  proves_no_deadlock (reads_twice Units) (reader_locals Units) [ALock 0 Units 1; ALock 0 Writing 1] = false.
Proof. split; reflexivity. Qed.

(** ** A loop *)

Example a_loop_does_not_end : every_program_ends {|
  all_series := []; locks := []; counters := []; pages := [];
  programs := [ {| own_pages := []; own_locks := []; entry := Some 0; nodes := [then_to MightSleep (Some 0)] |} ] |} = false.
Proof. reflexivity. Qed.

(** A loop that lets go of its slot in each round, two steps after it got it; and one that never does. *)
Definition looping (after_that : option nat) : scenario := {|
  all_series := [ {| slots := Some 1; reuse := TakesNone; for_holders := 0 |} ];
  locks := []; counters := []; pages := [];
  programs := [ {|
    own_pages := [ {| in_low_memory := false; mapped_at_start := [] |} ]; own_locks := []; entry := Some 0;
    nodes := [ then_to (Kmap (Own 0) 0) (Some 1); then_to MightSleep after_that; then_to (Kunmap (Own 0)) (Some 0) ] |} ] |}.
Definition with_slot (a : nat) : local := at_greedy (Some a) [Pin (Own 0) 0 0].

Example a_round_lets_go :
  let ls := [at_greedy (Some 0) []; with_slot 1; with_slot 2] in
  proves_no_deadlock (looping (Some 2)) ls [ASlot 0 false] = true /\
  everybody_lets_go (looping (Some 2)) [] [(with_slot 1, 1)] ls = true /\
  everybody_lets_go (looping (Some 2)) [] [] ls = false /\
  everybody_lets_go (looping (Some 2)) [] [(with_slot 1, 1); (with_slot 2, 1)] ls = false.
Proof. repeat split; reflexivity. Qed.

(** There is no stuck set, and who waits for the slot does so for ever. *)
Example who_never_lets_go :
  let ls := [at_greedy (Some 0) []; with_slot 1] in
  proves_no_deadlock (looping (Some 1)) ls [ASlot 0 false] = true /\
  everybody_lets_go (looping (Some 1)) [] [] ls = false /\
  everybody_lets_go (looping (Some 1)) [] [(with_slot 1, 1)] ls = false.
Proof. repeat split; reflexivity. Qed.

(** Two slots each, beside a deadlock: who starts again holds nothing then. A wait for a completion is
    none for what others hold. *)
Example beside_a_deadlock :
  let ranks := [(at_greedy (Some 1) [Pin (Own 0) 0 0], 2); (at_greedy (Some 2) [Pin (Own 1) 0 0; Pin (Own 0) 0 0], 1)] in
  proves_nobody_starves greedy greedy_locals ranks = true /\
  proves_nobody_starves greedy greedy_locals [] = false.
Proof. split; reflexivity. Qed.

(** ** A server that waits for the next request *)

Definition serving (answer : nat) : scenario := {|
  all_series := []; locks := []; pages := [];
  counters := [ {| most := None; at_start := 0 |}; {| most := None; at_start := 0 |} ];
  programs := [
    {| own_pages := []; own_locks := []; entry := Some 0;
       nodes := [ then_to (Await 0 1) (Some 1); then_to (Post answer 1) (Some 0) ] |};
    {| own_pages := []; own_locks := []; entry := Some 0;
       nodes := [ then_to (Post 0 1) (Some 1); then_to (Await 1 1) None ] |} ] |}.
Definition at_server (program : nat) (a : option nat) : local :=
  {| runs := program; at_node := a; maps := []; held := []; locked := []; leftovers := [] |}.
Definition serving_locals : list local :=
  [ at_server 0 (Some 0); at_server 0 (Some 1); at_server 1 (Some 0); at_server 1 (Some 1); at_server 1 None ].
Definition client_ranks : list (local * nat) := [ (at_server 1 (Some 0), 1) ].

(** The client comes to its end, the server to rest. Not if it could give what it awaits, nor if it may
    come to an operation that was not looked at. *)
Example the_server_rests :
  proves_rest (serving 1) serving_locals client_ranks [(0, 0)] [(0, 0); (0, 1)] [0] = true /\
  proves_rest (serving 0) serving_locals client_ranks [(0, 0)] [(0, 0); (0, 1)] [0] = false /\
  proves_rest (serving 1) serving_locals client_ranks [(0, 0)] [(0, 0)] [0] = false /\
  proves_rest (serving 1) serving_locals [] [(0, 0)] [(0, 0); (0, 1)] [0] = false /\
  proves_rest (serving 1) serving_locals client_ranks [] [] [0] = false /\
  forallb (waits_for_held (serving 1)) serving_locals = false.
Proof. repeat split; reflexivity. Qed.
