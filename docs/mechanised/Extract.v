(** * The programs that are extracted

    refutes.ml: [refutes_constraints] of Refutation.v. semantics.ml: the step function of Scenario.v,
    and the checks of Ordered.v and Ends.v. In OCaml, with the numbers that they were proved with.
    reader/ has the rest: it reads files. *)

From Coq Require Extraction ExtrOcamlBasic.
From Kmapcheck Require Import Refutation Scenario Closed Ordered Ends.

Extraction "refutes.ml" refutes_constraints.
Extraction "semantics.ml" successors starts_with in_use stale ended own_slots hold
  proves_no_deadlock every_program_ends.
