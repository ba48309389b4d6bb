(** * The programs that are extracted

    semantics.ml: the step function of Scenario.v, the checks of Ordered.v, ScenarioEquations.v,
    Ends.v, ScenarioLettingGo.v, ScenarioStuck.v and
    ScenarioResting.v, and [refutes_constraints] of Refutation.v. In OCaml, with the numbers that they were
    proved with. reader/ has the rest: it reads files. *)

From Coq Require Extraction ExtrOcamlBasic.
From Kmapcheck Require Import Refutation Scenario Closed Ordered Ends ScenarioEquations ScenarioLettingGo
  ScenarioStuck ScenarioResting.

Extraction "semantics.ml" successors starts_with in_use stale ended own_slots has_pin hold
  proves_no_deadlock proves_by_equations want_of mapped_on every_program_ends
  everybody_lets_go proves_nobody_starves proves_rest refutes_constraints.
