(** * The checker of refutations as a program

    Writes refutes.ml: [refutes_constraints] of Refutation.v, in OCaml, with the numbers that it was
    proved with. reader/ has the rest of the program: it reads certificates. *)

From Coq Require Extraction ExtrOcamlBasic.
From Kmapcheck Require Import Refutation.

Extraction "refutes.ml" refutes_constraints.
