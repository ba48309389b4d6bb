(** * Certificates of scenarios, checked from end to end: by equations

    About Scenario.v: what is checked of certificates by equations (docs/proofs.md, "Stuck-core
    equations"), and what is needed of sums. ScenarioCore.v proves that it is enough.

    For each set that hangs together there has to be a refutation. Its inequalities are checked one by
    one: each has to follow for tasks that are stuck on that set, whichever local states they are in.
    Which local states count as one unknown is up to the certificate, and need not be believed.

    There: what the core holds makes what it waits for unavailable, also what it holds beside slots
    of shared pages; for each thing somebody waits; as many tasks as there are instances; as many
    units as there are; as many slots as there are; the bound on holders. Left out: the cases of
    readers and writers, and series with any number of slots beyond that it is at least one. *)

From Coq Require Import List ZArith Arith Bool Lia Relations.
From Kmapcheck Require Import Components Refutation Scenario UnitsInvariant SlotsInvariant Closed HoldersInvariant Ordered
  Ends.
Import ListNotations.

Definition is_in (w : wanted) (E : list wanted) : bool := existsb (is_wanted w) E.
Fixpoint subsets (l : list wanted) : list (list wanted) :=
  match l with [] => [[]] | r :: l => map (cons r) (subsets l) ++ subsets l end.

(** What the certificate has for a set of things. *)
Record knot : Type := {
  awaited : list wanted;
  unknowns : list (local * nat);
  rows : list constraint;
  why : list Refutation.node
}.

Section OneScenario.
Variable P : scenario.
(** How many instances of a task program there are; [None]: any number. *)
Variable instances : nat -> option nat.

Definition shared_slots (x : local) (s : nat) : nat :=
  if keeps_mappings P s
  then length (filter (fun p => page_pinned x (Shared p) s) (seq 0 (length (pages P)))) else 0.

(** How much a task has of what keeps it from others. *)
Definition kept_amount (x : local) (w : wanted) : nat :=
  let has l m := amount (Shared l, m) (held x) in
  match w with
  | ASlot s _ => own_slots P x s + shared_slots x s
  | ALock l Spinning _ => has l Spinning
  | ALock l Reading _ => has l Writing
  | ALock l Writing _ => has l Reading + has l Writing
  | ALock l Units _ => has l Units
  | APageLock p => if is_locked x (Shared p) then 1 else 0
  end.

(** How much of that there is at least where it is missing. *)
Definition missing (w : wanted) : nat :=
  match w with
  | ASlot s has_one =>
    match slots (series_of P s) with Some n => n | None => 1 end -
    if has_one then 0 else for_holders (series_of P s)
  | ALock l Units n => S (match nth l (locks P) None with Some u => u | None => fewest_units P l end) - n
  | _ => 1
  end.

(** The same without slots of shared pages, of which each page has one at most. *)
Definition own_amount (x : local) (w : wanted) : nat := match w with ASlot s _ => own_slots P x s | _ => 0 end.
Definition missing_beside_pages (w : wanted) : nat :=
  match w with ASlot _ _ => missing w - length (pages P) | _ => 0 end.

(** The first of its calls. *)
Definition want_of (x : local) : option wanted :=
  fold_right (fun o r => match waits_for P x o with Some w => Some w | None => r end) None (calls P x).

Section Known.
Variable elsewhere : list (nat * nat).

Definition is_accounted_for (x : local) : bool :=
  if ended x then has_nothing x
  else never_waits P elsewhere x || match want_of x with Some w => is_there_at_all P w | None => false end.

Definition waiting (ls : list local) : list (local * wanted) :=
  flat_map (fun x => if ended x || never_waits P elsewhere x then []
    else match want_of x with Some w => [(x, w)] | None => [] end) ls.
End Known.

Definition things (ws : list (local * wanted)) : list wanted := nodup wanted_eq (map snd ws).
(** From what is kept to what is waited for meanwhile. *)
Definition edges (ws : list (local * wanted)) : list (wanted * wanted) :=
  let all := things ws in
  flat_map (fun u => map (fun v => (v, snd u)) (filter (keeps (fst u)) all)) ws.

(** Whether a set cannot be one that hangs together and that nothing leaves. *)
Definition spread (es : list (wanted * wanted)) (E S : list wanted) : list wanted :=
  filter (fun b => is_in b S || existsb (fun e => is_in (fst e) S && is_wanted b (snd e)) es) E.
Definition closed_in (es : list (wanted * wanted)) (E S : list wanted) : bool :=
  forallb (fun e => negb (is_in (fst e) S && is_in (snd e) E) || is_in (snd e) S) es.
Definition falls_apart (es : list (wanted * wanted)) (E : list wanted) : bool :=
  existsb (fun a =>
    let S := Nat.iter (length E) (spread es E) [a] in
    is_in a S && closed_in es E S && negb (forallb (fun b => is_in b S) E)) E ||
  existsb (fun b => negb (existsb (fun e => is_wanted b (snd e) && is_in (fst e) E) es)) E.

Definition unknown (k : knot) (x : local) : option nat :=
  fold_right (fun e r => if local_eq x (fst e) then Some (snd e) else r) None (unknowns k).
Local Open Scope Z_scope.
Definition factor (l : list (nat * Z)) (i : nat) : Z :=
  fold_right (fun t z => (if Nat.eqb (fst t) i then snd t else 0) + z) 0 l.
Definition factor_of (k : knot) (q : constraint) (x : local) : Z :=
  match unknown k x with Some i => factor (terms q) i | None => 0 end.

(** Who can be in the core. *)
Definition in_core (E : list wanted) (u : local * wanted) : bool :=
  is_in (snd u) E && existsb (keeps (fst u)) E.

(** Whether it follows for stuck tasks; [hs]: series of which the holders are bounded. *)
Definition follows (hs : list nat) (core : list (local * wanted)) (E : list wanted) (k : knot) (q : constraint) : bool :=
  let c u := factor_of k q (fst u) in
  if is_at_least q then
    existsb (fun r =>
      (bounded_by q <=? 1) && forallb (fun u => Z.of_nat (one_if (is_wanted (snd u) r)) <=? c u) core ||
      (bounded_by q <=? Z.of_nat (missing r)) && forallb (fun u => Z.of_nat (kept_amount (fst u) r) <=? c u) core ||
      (bounded_by q <=? Z.of_nat (missing_beside_pages r)) && forallb (fun u => Z.of_nat (own_amount (fst u) r) <=? c u) core) E
  else
    existsb (fun m => match instances m with
      | Some n => (Z.of_nat n <=? bounded_by q) &&
        forallb (fun u => c u <=? Z.of_nat (one_if (Nat.eqb (runs (fst u)) m))) core
      | None => false end) (seq 0 (length (programs P))) ||
    existsb (fun l => match nth l (locks P) None with
      | Some n => (Z.of_nat n <=? bounded_by q) &&
        forallb (fun u => c u <=? Z.of_nat (amount (Shared l, Units) (held (fst u)))) core
      | None => false end) (seq 0 (length (locks P))) ||
    existsb (fun s => match slots (series_of P s) with
      | Some n => slots_are_counted P && (Z.of_nat n <=? bounded_by q) &&
        forallb (fun u => c u <=? Z.of_nat (own_slots P (fst u) s)) core
      | None => false end) (seq 0 (length (all_series P))) ||
    existsb (fun s => match slots (series_of P s) with
      | Some n => (Z.of_nat (n - for_holders (series_of P s)) <=? bounded_by q) &&
        forallb (fun u => c u <=? Z.of_nat (one_if (has_pin (fst u) s))) core
      | None => false end) hs.
Local Close Scope Z_scope.

Definition unties (hs : list nat) (ws : list (local * wanted)) (E : list wanted) (k : knot) : bool :=
  forallb (fun w => is_in w (awaited k)) E && forallb (fun w => is_in w E) (awaited k) &&
  forallb (follows hs (filter (in_core E) ws) E k) (rows k) && refutes_constraints (rows k) (why k).

Definition is_excluded (hs : list nat) (ws : list (local * wanted)) (es : list (wanted * wanted)) (ks : list knot) (E : list wanted) : bool :=
  match E with [] => true | _ => falls_apart es E || existsb (unties hs ws E) ks end.

Definition proves_by_equations (ls : list local) (ks : list knot) : bool :=
  let elsewhere := mapped_on P ls in
  let ws := waiting elsewhere ls in
  let es := edges ws in
  let hs := filter (bounds_holders P elsewhere ls) (seq 0 (length (all_series P))) in
  complete P elsewhere ls && forallb (is_accounted_for elsewhere) ls &&
  (length (things ws) <=? 12) && forallb (is_excluded hs ws es ks) (subsets (things ws)).

(** ** Why that is right *)

Lemma is_in_true w E : is_in w E = true <-> In w E.
Proof.
  unfold is_in, is_wanted. rewrite existsb_exists. split.
  - intros (v & Hv & H). destruct (wanted_eq w v); [now subst|easy].
  - intros H. exists w. split; [easy|]. now destruct (wanted_eq w w).
Qed.

Lemma is_wanted_true v w : is_wanted v w = true <-> v = w.
Proof. unfold is_wanted. destruct (wanted_eq v w); split; congruence. Qed.

Lemma filter_in_subsets f l : In (filter f l) (subsets l).
Proof.
  induction l as [|w l IH]; simpl; [now left|]. apply in_app_iff. destruct (f w); [left; now apply in_map|now right].
Qed.

Variable Y : sizes.
Hypothesis they_fit : fits P Y.

Lemma users_total ts s l :
  length (filter (fun p => users ts p s) l) <=
  total (fun x => length (filter (fun p => page_pinned x (Shared p) s) l)) ts.
Proof.
  induction ts as [|x ts IH].
  - assert (filter (fun p => users [] p s) l = []) as -> by (induction l; easy). simpl. lia.
  - assert (H : length (filter (fun p => users (x :: ts) p s) l) <=
      length (filter (fun p => page_pinned x (Shared p) s) l) + length (filter (fun p => users ts p s) l)).
    { clear IH. induction l as [|p l IH]; [easy|]. cbn [filter]. unfold users at 1. cbn [existsb]. fold (users ts p s).
      destruct (page_pinned x (Shared p) s), (users ts p s); cbn [length orb]; lia. }
    unfold total in *. cbn [fold_right]. lia.
Qed.

Lemma filter_length_le {A} (f : A -> bool) l : length (filter f l) <= length l.
Proof. induction l as [|x l IH]; simpl; [lia|]. destruct (f x); simpl; lia. Qed.

Lemma total_add f g ts : total (fun x => f x + g x) ts = total f ts + total g ts.
Proof. unfold total. induction ts as [|x ts IH]; simpl; lia. Qed.

Lemma in_use_kept st s b : in_use P st s <= total (fun x => kept_amount x (ASlot s b)) (tasks st).
Proof.
  unfold kept_amount. rewrite total_add. unfold in_use, shared_slots. destruct (keeps_mappings P s).
  - pose proof (users_total (tasks st) s (seq 0 (length (pages P)))). lia.
  - lia.
Qed.

Lemma missing_is_kept st x o w : waits_for P x o = Some w ->
  (forall v, In v (operation_ways P x o) -> impossible P Y st x v) ->
  missing w <= total (fun u => kept_amount u w) (tasks st).
Proof.
  intros Hw Hi. destruct they_fit as [Hslots Hunits].
  destruct o as [p s| | | | | | | |[l|l] m n| | |[p|p]| | | | | | | |]; try easy.
  - simpl in Hw. destruct (in_low_memory (page_of P x p)) eqn:El; [easy|]. injection Hw as <-.
    pose proof (kmap_full P Y st x p s El Hi) as Hfull. simpl missing.
    pose proof (in_use_kept st s (has_pin x s)). specialize (Hslots s).
    destruct (slots (series_of P s)); destruct (has_pin x s); lia.
  - simpl in Hw. injection Hw as <-. simpl in Hi. specialize (Hi _ (or_introl eq_refl)). unfold impossible in Hi.
    destruct m; cbn [fst forallb is_so] in Hi; rewrite ?andb_true_r in Hi; cbn [missing kept_amount].
    + apply Nat.eqb_neq in Hi. unfold total_held in Hi. lia.
    + apply Nat.eqb_neq in Hi. unfold total_held in Hi. lia.
    + rewrite total_add. apply andb_false_iff in Hi as [Hi|Hi]; apply Nat.eqb_neq in Hi; unfold total_held in Hi; lia.
    + apply Nat.leb_gt in Hi. unfold total_held in Hi. specialize (Hunits l).
      destruct (nth l (locks P) None); lia.
  - simpl in Hw. injection Hw as <-. simpl in Hi. specialize (Hi _ (or_introl eq_refl)). unfold impossible in Hi.
    cbn [fst forallb is_so] in Hi. rewrite andb_true_r in Hi. apply negb_false_iff in Hi.
    apply existsb_exists in Hi as (u & Hu & E).
    pose proof (total_at_least (fun u => kept_amount u (APageLock p)) (tasks st) u Hu) as H.
    simpl in H. rewrite E in H. simpl. exact H.
Qed.

Lemma missing_is_kept_beside_pages st x o w : waits_for P x o = Some w ->
  (forall v, In v (operation_ways P x o) -> impossible P Y st x v) ->
  missing_beside_pages w <= total (fun u => own_amount u w) (tasks st).
Proof.
  intros Hw Hi. destruct w as [s b|l m n|p]; simpl; try lia.
  destruct o as [p s'| | | | | | | |[l|l] m n| | |[p|p]| | | | | | | |]; try easy.
  simpl in Hw. destruct (in_low_memory (page_of P x p)) eqn:El; [easy|]. injection Hw as -> <-.
  pose proof (kmap_full P Y st x p s El Hi) as Hfull. pose proof (slots_fit P Y they_fit s) as Hs. unfold in_use in Hfull.
  assert (Hp : (if keeps_mappings P s then length (filter (fun p => users (tasks st) p s) (seq 0 (length (pages P)))) else 0)
      <= length (pages P)).
  { destruct (keeps_mappings P s); [|lia]. rewrite <- (seq_length (length (pages P)) 0) at 2. apply filter_length_le. }
  destruct (slots (series_of P s)); destruct (has_pin x s); lia.
Qed.

Lemma own_amount_kept x w : own_amount x w <= kept_amount x w.
Proof. destruct w; simpl; lia. Qed.

Lemma kept_amount_keeps x w : 0 < kept_amount x w -> keeps x w = true.
Proof.
  destruct w as [s b|l m n|p]; simpl.
  - intros H. destruct (own_slots P x s) as [|k] eqn:E.
    + unfold shared_slots in H. destruct (keeps_mappings P s); [|lia].
      apply filter_positive in H as (p & _ & H). now apply pinned_has_pin in H.
    + unfold own_slots in E. destruct (keeps_mappings P s).
      * destruct (filter_positive (fun i => page_pinned x (Own i) s) (seq 0 (length (own_pages (program_of P x)))))
          as (i & _ & Hp); [lia|]. now apply pinned_has_pin in Hp.
      * destruct (filter_positive (pins_in s) (maps x)) as (m & Hm & Hp); [lia|]. apply existsb_exists. eauto.
  - destruct m; intros H; try (now apply Nat.ltb_lt).
    apply orb_true_iff. rewrite !Nat.ltb_lt. lia.
  - now destruct (is_locked x (Shared p)).
Qed.

Lemma want_of_call x w : want_of x = Some w -> exists o, In o (calls P x) /\ waits_for P x o = Some w.
Proof.
  unfold want_of. induction (calls P x) as [|o l IH]; simpl; [easy|].
  destruct (waits_for P x o) as [v|] eqn:E; [intros [= <-]; eauto|].
  intros H. destruct (IH H) as (o' & ? & ?). eauto.
Qed.

Lemma total_filter f g (l : list local) : (forall x, In x l -> g x = false -> f x = 0) ->
  total f l <= total f (filter g l).
Proof.
  unfold total. induction l as [|x l IH]; simpl; [lia|]. intros H.
  assert (IH' := IH (fun y Hy => H y (or_intror Hy))). specialize (H x (or_introl eq_refl)).
  destruct (g x); simpl; [lia|]. rewrite H by easy. lia.
Qed.

Lemma filter_and {A} (f g : A -> bool) l : filter (fun x => f x && g x) l = filter g (filter f l).
Proof. induction l as [|x l IH]; simpl; [easy|]. destruct (f x); simpl; [destruct (g x); now rewrite IH|easy]. Qed.

Lemma total_filter_le f g (l : list local) : total f (filter g l) <= total f l.
Proof. unfold total. induction l as [|x l IH]; simpl; [lia|]. destruct (g x); simpl; lia. Qed.

(** ** Sums over the core *)

Local Open Scope Z_scope.
Definition sum_z (f : local -> Z) (l : list local) : Z := fold_right (fun x z => f x + z) 0 l.
Definition counted_as (k : knot) (core : list local) (i : nat) : Z :=
  sum_z (fun x => match unknown k x with Some j => if Nat.eqb i j then 1 else 0 | None => 0 end) core.

Lemma sum_of_factors k q core : sum_of (terms q) (counted_as k core) = sum_z (factor_of k q) core.
Proof.
  unfold factor_of. induction (terms q) as [|[i c] l IH]; cbn [sum_of].
  - induction core as [|x core IHc]; [easy|]. cbn [sum_z fold_right]. fold (sum_z (fun x => match unknown k x with Some i => factor [] i | None => 0 end) core).
    rewrite <- IHc. now destruct (unknown k x).
  - rewrite IH. clear IH. unfold counted_as. induction core as [|x core IHc]; [simpl; lia|].
    cbn [sum_z fold_right]. unfold sum_z in *. rewrite <- IHc.
    destruct (unknown k x) as [j|]; [|ring].
    change (factor ((i, c) :: l) j) with ((if Nat.eqb i j then c else 0) + factor l j).
    destruct (Nat.eqb i j); ring.
Qed.

Lemma sum_z_total f c core : (forall x, In x core -> Z.of_nat (f x) <= c x) -> Z.of_nat (total f core) <= sum_z c core.
Proof.
  unfold total, sum_z. induction core as [|x core IH]; intros H; simpl; [lia|].
  assert (IH' := IH (fun y Hy => H y (or_intror Hy))). specialize (H x (or_introl eq_refl)). lia.
Qed.

Lemma total_sum_z f c core : (forall x, In x core -> c x <= Z.of_nat (f x)) -> sum_z c core <= Z.of_nat (total f core).
Proof.
  unfold total, sum_z. induction core as [|x core IH]; intros H; simpl; [lia|].
  assert (IH' := IH (fun y Hy => H y (or_intror Hy))). specialize (H x (or_introl eq_refl)). lia.
Qed.

Lemma counted_as_nonnegative k core i : 0 <= counted_as k core i.
Proof.
  unfold counted_as, sum_z. induction core as [|x core IH]; simpl; [lia|].
  destruct (unknown k x) as [j|]; [destruct (Nat.eqb i j)|]; lia.
Qed.
Local Close Scope Z_scope.

End OneScenario.
