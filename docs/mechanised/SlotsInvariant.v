(** * Slots in use and stale mappings are never more than there are slots

    About Scenario.v ([no_more_slots_than_there_are]): with all policies, pages that tasks share and
    pages of their own, flushes, and tasks that end. It needs that a kmap names a page that is there
    ([pages_are_there]), and that the leftovers at the start fit. KmapInvariants.v has the same for
    Kmap.v. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant.
Import ListNotations.

Section OneScenario.
Variable P : scenario.

(** ** What a step does to slots *)

Definition page_is_there (own : nat) (p : name) : bool :=
  match p with Shared i => i <? length (pages P) | Own i => i <? own end.
Definition maps_what_is_there (own : nat) (o : operation) : bool :=
  match o with Kmap p _ | TryKmap p _ _ => page_is_there own p | _ => true end.
(** Each kmap names a page of the scenario or of its task program. *)
Definition pages_are_there : bool :=
  forallb (fun t => forallb (fun d => maps_what_is_there (length (own_pages t)) (does d)) (nodes t)) (programs P).

Definition pins_a_slot (m : mapping) : bool := match m with Pin _ _ _ => true | _ => false end.
(** Of each sort of pin there are no more. *)
Definition no_more_pins (ms ms' : list mapping) : Prop :=
  forall f, (forall m, f m = true -> pins_a_slot m = true) -> length (filter f ms) <= length (filter f ms').
Definition leaves_slots (e : effect) : Prop := match e with Nothing | Adds _ _ | Takes _ _ => True | _ => False end.

Inductive change_of_slots (x : local) (c : list condition) : list mapping -> list (nat * nat) -> effect -> Prop :=
| takes_none ms e : no_more_pins ms (maps x) -> leaves_slots e -> change_of_slots x c ms (leftovers x) e
| takes_shared i a s : page_is_there (length (own_pages (program_of P x))) (Shared i) = true -> In (Mapped (Shared i) s) c ->
    keeps_mappings P s = true -> change_of_slots x c (Pin (Shared i) a s :: maps x) (leftovers x) (TakesLeft i s)
| takes_own i a s : page_is_there (length (own_pages (program_of P x))) (Own i) = true -> In (Mapped (Own i) s) c ->
    keeps_mappings P s = true -> change_of_slots x c (Pin (Own i) a s :: maps x) (without_pair (i, s) (leftovers x)) Nothing
| takes_free p s k : page_is_there (length (own_pages (program_of P x))) p = true -> In (FewerInUse s k) c ->
    In (SlotFree s) c -> change_of_slots x c (Pin p s s :: maps x) (leftovers x) Nothing
| takes_flushed p s k : page_is_there (length (own_pages (program_of P x))) p = true -> In (FewerInUse s k) c ->
    change_of_slots x c (Pin p s s :: maps x) (leftovers (flush_local s x)) (Flushes s)
| leaves_shared ms i a s : no_more_pins ms (maps x) -> In (Pin (Shared i) a s) (maps x) -> keeps_mappings P s = true ->
    change_of_slots x c ms (leftovers x) (Unpins i s)
| leaves_own ms i a s : no_more_pins ms (maps x) -> In (Pin (Own i) a s) (maps x) -> keeps_mappings P s = true ->
    existsb (pins (Own i) s) ms = false -> change_of_slots x c ms (with_pair (i, s) (leftovers x)) Nothing.

Lemma same_pins ms : no_more_pins ms ms.
Proof. now intros f _. Qed.

Lemma one_more_that_is_none m ms : pins_a_slot m = false -> no_more_pins (m :: ms) ms.
Proof. intros H f Hf. simpl. destruct (f m) eqn:E; [|easy]. apply Hf in E. congruence. Qed.

Lemma latest_splits fits l later m rest : latest fits l = Some (later, m, rest) -> l = later ++ m :: rest.
Proof.
  revert later. induction l as [|k l IH]; intros later; simpl; [easy|]. destruct (fits k).
  - now intros [= <- <- <-].
  - destruct (latest fits l) as [[[l' m'] r']|]; [|easy]. intros [= <- <- <-]. simpl. now rewrite (IH l').
Qed.

Lemma one_less later (m : mapping) rest : no_more_pins (later ++ rest) (later ++ m :: rest).
Proof. intros f _. rewrite !filter_app, !app_length. simpl. destruct (f m); simpl; lia. Qed.

Lemma acceptable_keeps s s' : In s' (acceptable P s) -> keeps_mappings P s' = true.
Proof.
  unfold acceptable. destruct (reuse (series_of P s)) eqn:E; [|intros [<-|[]]; unfold keeps_mappings; now rewrite E|easy].
  intros H. now apply filter_In in H.
Qed.

Lemma operation_slots x o c y e : maps_what_is_there (length (own_pages (program_of P x))) o = true ->
  In (c, (y, e)) (operation_ways P x o) -> change_of_slots x c (maps y) (leftovers y) e.
Proof.
  intros Hthere.
  assert (Hnone : leaves_slots e -> no_more_pins (maps y) (maps x) -> leftovers y = leftovers x ->
      change_of_slots x c (maps y) (leftovers y) e) by (intros He Hm ->; now apply (takes_none x)).
  assert (Hundo : forall fits, In (c, (y, e)) (or_skipped x (undo P x fits)) -> change_of_slots x c (maps y) (leftovers y) e).
  { intros fits [H|[]]. injection H as <- H. unfold undo in H.
    destruct (latest fits (maps x)) as [[[l m] r]|] eqn:El;
      [|injection H as <- <-; apply Hnone; try easy; apply same_pins].
    apply latest_splits in El.
    assert (Hl : no_more_pins (l ++ r) (maps x)) by (rewrite El; apply one_less).
    assert (Hin : In m (maps x)) by (rewrite El; apply in_or_app; right; now left).
    destruct m as [[i|i] asked lies|q|q t|q].
    - injection H as <- <-. simpl. destruct (keeps_mappings P lies) eqn:Ek; [|now apply (takes_none x)].
      now apply (leaves_shared x) with asked.
    - injection H as H <-. destruct (keeps_mappings P lies) eqn:Ek; simpl in H; [|subst y; now apply (takes_none x)].
      unfold page_pinned in H. simpl in H. destruct (existsb _ (l ++ r)) eqn:Ep; simpl in H; subst y; [now apply (takes_none x)|].
      simpl. now apply (leaves_own x) with asked.
    - injection H as <- <-. now apply (takes_none x).
    - injection H as <- <-. now apply (takes_none x).
    - destruct (existsb is_local l); injection H as <- <-; apply Hnone; try easy; apply same_pins. }
  assert (Hkmap : forall p s b, page_is_there (length (own_pages (program_of P x))) p = true ->
      In (c, (y, e)) (kmap_ways P x p s b) -> change_of_slots x c (maps y) (leftovers y) e).
  { intros p s b Hp. unfold kmap_ways. destruct (in_low_memory _).
    - intros [H|[]]. injection H as _ <- <-. apply Hnone; try easy. now apply one_more_that_is_none.
    - intros H. apply in_app_iff in H as [H|[H|H]].
      + apply in_map_iff in H as (s' & H & Hs). pose proof (acceptable_keeps s s' Hs) as Hk.
        destruct p as [i|i]; injection H as <- <- <-; simpl; [apply takes_shared|apply takes_own]; try easy; now left.
      + injection H as <- <- <-. simpl. eapply (takes_free x); try easy; simpl; auto.
      + destruct b; [|easy]. destruct H as [H|[]]. injection H as <- <- <-. simpl.
        eapply (takes_flushed x); try easy. now left. }
  destruct o; simpl in Hthere |- *; try (now apply Hkmap); try apply Hundo; try easy;
    try (intros [H|[]]; injection H as <- <- <-; apply Hnone; try easy; now apply one_more_that_is_none).
  - intros [H|[]]. injection H as <- H. destruct (latest is_local (maps x)) as [[[l m] r]|] eqn:El.
    + apply latest_splits in El. destruct (mapping_of p m); injection H as <- <-; apply Hnone; try easy; try apply same_pins.
      rewrite El. apply one_less.
    + injection H as <- <-. apply Hnone; try easy; apply same_pins.
  - intros [H|[]]. injection H as <- H. destruct (_ && _); injection H as <- <-; apply Hnone; try easy; apply same_pins.
  - intros [H|[]]. injection H as <- H. destruct (is_locked x p); injection H as <- <-; apply Hnone; try easy; apply same_pins.
Qed.

(** ** What that makes of the slots in use *)

Definition shared_in_use (ts : list local) (s : nat) : nat :=
  if keeps_mappings P s then length (filter (fun p => users ts p s) (seq 0 (length (pages P)))) else 0.

Lemma no_more_pinned x y p s : no_more_pins (maps y) (maps x) -> page_pinned y p s = true -> page_pinned x p s = true.
Proof.
  intros H. unfold page_pinned. rewrite !existsb_counted, !Nat.ltb_lt. intros Hy. eapply Nat.lt_le_trans; [exact Hy|].
  apply H. now intros [q a l|q|q t|q].
Qed.

Lemma same_program x y : runs y = runs x -> program_of P y = program_of P x.
Proof. unfold program_of. now intros ->. Qed.

Lemma no_more_own x y s : runs y = runs x -> no_more_pins (maps y) (maps x) -> own_slots P y s <= own_slots P x s.
Proof.
  intros Hr H. unfold own_slots. rewrite (same_program x y Hr). destruct (keeps_mappings P s).
  - apply count_as_many. intros p. now apply no_more_pinned.
  - apply H. now intros [q a l|q|q t|q].
Qed.

Lemma users_true ts p s : users ts p s = true <-> exists x, In x ts /\ page_pinned x (Shared p) s = true.
Proof. unfold users. apply existsb_exists. Qed.

Lemma users_put i y ts p s : users (put i y ts) p s = true -> users ts p s = true \/ page_pinned y (Shared p) s = true.
Proof.
  rewrite !users_true. intros (z & Hz & E). apply in_put in Hz as [->|Hz]; eauto.
Qed.

Lemma no_more_shared i x y ts s : nth_error ts i = Some x -> no_more_pins (maps y) (maps x) ->
  shared_in_use (put i y ts) s <= shared_in_use ts s.
Proof.
  intros Hi H. unfold shared_in_use. destruct (keeps_mappings P s); [|lia]. apply count_as_many.
  intros p Hp. apply users_put in Hp as [Hp|Hp]; [easy|]. apply users_true. exists x.
  split; [now apply nth_error_In in Hi|]. now apply (no_more_pinned x y).
Qed.

Lemma pinned_after_push x y p a s' q s : maps y = Pin p a s' :: maps x ->
  page_pinned y q s = (is_name q p && (s =? s')) || page_pinned x q s.
Proof. unfold page_pinned. now intros ->. Qed.

Lemma is_name_true x y : is_name x y = true -> x = y.
Proof. unfold is_name. now destruct (name_eq x y). Qed.

Section Push.
Variables (i : nat) (x y : local) (ts : list local) (p : name) (a s' : nat).
Hypothesis is_task : nth_error ts i = Some x.
Hypothesis same : runs y = runs x.
Hypothesis pushed : maps y = Pin p a s' :: maps x.

Lemma pinned_then q s : page_pinned y q s = true -> page_pinned x q s = true \/ (q = p /\ s = s').
Proof.
  rewrite (pinned_after_push x y p a s' q s pushed). intros H. apply orb_true_iff in H as [H|H]; [right|now left].
  apply andb_true_iff in H as [H E]. split; [now apply is_name_true|now apply Nat.eqb_eq].
Qed.

Lemma used_then k s : users (put i y ts) k s = true -> users ts k s = true \/ (Shared k = p /\ s = s').
Proof.
  intros H. apply users_put in H as [H|H]; [now left|]. apply pinned_then in H as [H|H]; [left|now right].
  apply users_true. exists x. split; [now apply nth_error_In in is_task|easy].
Qed.

Lemma one_slot_more s : own_slots P y s + shared_in_use (put i y ts) s <=
  own_slots P x s + shared_in_use ts s + if s =? s' then 1 else 0.
Proof.
  unfold own_slots, shared_in_use. rewrite (same_program x y same). destruct (keeps_mappings P s) eqn:Ek.
  - set (l := seq 0 (length (own_pages (program_of P x)))). set (r := seq 0 (length (pages P))).
    destruct (s =? s') eqn:Es.
    + assert (Hp : (exists k, p = Shared k) \/ exists k, p = Own k) by (destruct p; eauto).
      destruct Hp as [(k & Hp)|(k & Hp)].
      * assert (length (filter (fun j => page_pinned y (Own j) s) l) <= length (filter (fun j => page_pinned x (Own j) s) l)).
        { apply count_as_many. intros j Hj. destruct (pinned_then _ _ Hj) as [|[E1 E2]]; [easy|congruence]. }
        assert (length (filter (fun q => users (put i y ts) q s) r) <= length (filter (fun q => users ts q s) r) + 1).
        { apply (count_one_more _ _ k); [apply seq_NoDup|]. intros q Hq.
          destruct (used_then _ _ Hq) as [|[E _]]; [now left|right; congruence]. }
        lia.
      * assert (length (filter (fun j => page_pinned y (Own j) s) l) <= length (filter (fun j => page_pinned x (Own j) s) l) + 1).
        { apply (count_one_more _ _ k); [apply seq_NoDup|]. intros j Hj.
          destruct (pinned_then _ _ Hj) as [|[E _]]; [now left|right; congruence]. }
        assert (length (filter (fun q => users (put i y ts) q s) r) <= length (filter (fun q => users ts q s) r)).
        { apply count_as_many. intros q Hq. destruct (used_then _ _ Hq) as [|[E1 E2]]; [easy|congruence]. }
        lia.
    + apply Nat.eqb_neq in Es.
      assert (length (filter (fun j => page_pinned y (Own j) s) l) <= length (filter (fun j => page_pinned x (Own j) s) l)).
      { apply count_as_many. intros j Hj. destruct (pinned_then _ _ Hj) as [|[E1 E2]]; [easy|congruence]. }
      assert (length (filter (fun q => users (put i y ts) q s) r) <= length (filter (fun q => users ts q s) r)).
      { apply count_as_many. intros q Hq. destruct (used_then _ _ Hq) as [|[E1 E2]]; [easy|congruence]. }
      lia.
  - rewrite pushed. simpl. destruct (s =? s'); simpl; lia.
Qed.

Hypothesis keeps : keeps_mappings P s' = true.
Hypothesis was_used : match p with Shared k => users ts k s' = true | Own k => page_pinned x (Own k) s' = true end.

Lemma no_slot_more s : own_slots P y s + shared_in_use (put i y ts) s <= own_slots P x s + shared_in_use ts s.
Proof.
  destruct (s =? s') eqn:Es; [|pose proof (one_slot_more s) as H; rewrite Es in H; lia].
  apply Nat.eqb_eq in Es as ->. unfold own_slots, shared_in_use. rewrite (same_program x y same), keeps.
  apply Nat.add_le_mono; apply count_as_many; intros q Hq.
  - destruct (pinned_then _ _ Hq) as [|[E _]]; [easy|]. pose proof was_used as H. now rewrite <- E in H.
  - destruct (used_then _ _ Hq) as [|[E _]]; [easy|]. pose proof was_used as H. now rewrite <- E in H.
Qed.
End Push.

Lemma slots_put i x y ts s d : nth_error ts i = Some x ->
  own_slots P y s + shared_in_use (put i y ts) s <= own_slots P x s + shared_in_use ts s + d ->
  total (fun z => own_slots P z s) (put i y ts) + shared_in_use (put i y ts) s <=
  total (fun z => own_slots P z s) ts + shared_in_use ts s + d.
Proof. intros Hi H. pose proof (total_put_eq (fun z => own_slots P z s) i x y ts Hi) as Ht. simpl in Ht. lia. Qed.

(** ** What that makes of stale mappings *)

Lemma gone_or_stale y s : own_stale (parted y) s +
  length (filter (Nat.eqb s) (if ended y then map snd (leftovers y) else [])) = own_stale y s.
Proof.
  unfold parted, own_stale. destruct (ended y); simpl; [|lia].
  induction (leftovers y) as [|[p r] l IH]; simpl; [easy|].
  rewrite (Nat.eqb_sym r s). destruct (s =? r); simpl; lia.
Qed.

Lemma flushed_stale r y s : own_stale (flush_local r y) s = if s =? r then 0 else own_stale y s.
Proof.
  unfold own_stale, flush_local; simpl. induction (leftovers y) as [|[p q] l IH]; simpl; [now destruct (s =? r)|].
  destruct (q =? r) eqn:E; simpl.
  - apply Nat.eqb_eq in E as ->. rewrite IH, (Nat.eqb_sym r s). now destruct (s =? r).
  - destruct (q =? s) eqn:Es; simpl; rewrite IH; [|easy]. apply Nat.eqb_eq in Es as ->. now rewrite E.
Qed.

Lemma flushed_total r s ts : total (fun z => own_stale z s) (map (flush_local r) ts) =
  if s =? r then 0 else total (fun z => own_stale z s) ts.
Proof.
  unfold total. induction ts as [|z ts IH]; simpl; [now destruct (s =? r)|]. rewrite IH, flushed_stale.
  now destruct (s =? r).
Qed.

Lemma flushed_filter {A} (f : A -> nat) r s l : length (filter (fun a => f a =? s) (filter (fun a => negb (f a =? r)) l)) =
  if s =? r then 0 else length (filter (fun a => f a =? s) l).
Proof.
  induction l as [|a l IH]; simpl; [now destruct (s =? r)|]. destruct (f a =? r) eqn:E; simpl.
  - apply Nat.eqb_eq in E. rewrite IH, E, (Nat.eqb_sym r s). now destruct (s =? r).
  - destruct (f a =? s) eqn:Es; simpl; rewrite IH; [|easy]. apply Nat.eqb_eq in Es as <-. now rewrite E.
Qed.

Lemma put_flushed (f : local -> nat) r i z ts : (forall x, f (flush_local r x) = f x) ->
  total f (put i z (map (flush_local r) ts)) = total f (put i z ts).
Proof.
  intros H. unfold total. revert i. induction ts as [|x ts IH]; intros [|i]; simpl; try easy.
  - f_equal. clear IH. induction ts as [|u ts IH]; simpl; [easy|]. now rewrite H, IH.
  - now rewrite H, IH.
Qed.

Lemma shared_flushed r i z ts s : shared_in_use (put i z (map (flush_local r) ts)) s = shared_in_use (put i z ts) s.
Proof.
  unfold shared_in_use. destruct (keeps_mappings P s); [|easy]. f_equal. apply filter_ext. intros p. unfold users.
  revert i. induction ts as [|x ts IH]; intros [|i]; simpl; try easy.
  - f_equal. clear IH. induction ts as [|u ts IH]; simpl; [easy|]. now rewrite IH.
  - now rewrite IH.
Qed.

Definition stale_left (l : list (nat * nat)) (s : nat) : nat := length (filter (fun l => snd l =? s) l).

Lemma less_without p r l s : stale_left (without_pair (p, r) l) s <= stale_left l s.
Proof.
  unfold stale_left, without_pair. induction l as [|x l IH]; cbn [filter]; [easy|].
  destruct (is_pair (p, r) x); cbn [negb filter]; destruct (snd x =? s); cbn [length]; lia.
Qed.

Lemma one_less_without p r l : has_pair (p, r) l = true ->
  stale_left (without_pair (p, r) l) r + 1 <= stale_left l r.
Proof.
  intros H. unfold stale_left, without_pair. induction l as [|x l IH]; simpl in *; [easy|].
  pose proof (less_without p r l r) as Hle. unfold stale_left, without_pair in Hle.
  destruct (is_pair (p, r) x) eqn:E; simpl in *.
  - unfold is_pair in E. destruct (pair_eq (p, r) x) as [<-|]; [|easy]. simpl. rewrite Nat.eqb_refl. simpl. lia.
  - specialize (IH H). destruct (snd x =? r); simpl; lia.
Qed.

Lemma one_more_with p r l s : stale_left (with_pair (p, r) l) s <= stale_left l s + if s =? r then 1 else 0.
Proof.
  unfold stale_left. rewrite (Nat.eqb_sym s r). induction l as [|x l IH]; simpl; [destruct (r =? s); simpl; lia|].
  destruct (is_pair (p, r) x); [simpl; lia|].
  destruct (pair_before (p, r) x); simpl; destruct (snd x =? s), (r =? s); simpl in *; lia.
Qed.

(** ** In each state of each run *)

Variable Z : sizes.

Lemma steps_of_slots st x y e : pages_are_there = true -> In (y, e) (steps P Z st x) ->
  runs y = runs x /\ exists c, forallb (is_so P Z st x) c = true /\ change_of_slots x c (maps y) (leftovers y) e.
Proof.
  intros Hthere H. apply what_steps_are in H as [(a & [= -> ->])|(i & d & c & z & e' & b & Hd & Hin & Hso & [= -> ->])].
  - split; [easy|]. exists []. split; [easy|]. apply (takes_none x); [apply same_pins|easy].
  - split; [exact (operation_runs P x _ c z e' Hin)|]. exists c. split; [easy|]. simpl. apply (operation_slots x (does d)); [|easy].
    unfold node_at, program_of in Hd. unfold pages_are_there in Hthere. rewrite forallb_forall in Hthere. unfold program_of.
    destruct (nth_in_or_default (runs x) (programs P) no_program) as [H|H].
    + specialize (Hthere _ H). rewrite forallb_forall in Hthere. apply nth_error_In in Hd. auto.
    + rewrite H in Hd. now destruct i.
Qed.

Record enough_slots (st : state) : Prop := {
  slots_enough : forall s, in_use P st s + stale st s <= slots_in Z s;
  pins_there : forall x p a s, In x (tasks st) -> In (Pin p a s) (maps x) ->
    page_is_there (length (own_pages (program_of P x))) p = true
}.

Lemma pins_stay_there x y c e : change_of_slots x c (maps y) (leftovers y) e ->
  (forall p a s, In (Pin p a s) (maps x) -> page_is_there (length (own_pages (program_of P x))) p = true) ->
  forall p a s, In (Pin p a s) (maps y) -> page_is_there (length (own_pages (program_of P x))) p = true.
Proof.
  intros Hc Hx p a s Hin.
  assert (Hless : no_more_pins (maps y) (maps x) -> page_is_there (length (own_pages (program_of P x))) p = true).
  { intros Hn. set (f := fun m => if mapping_eq (Pin p a s) m then true else false).
    assert (H : 0 < length (filter f (maps y))).
    { destruct (filter f (maps y)) eqn:E; [|simpl; lia].
      assert (Hf : In (Pin p a s) (filter f (maps y))) by (apply filter_In; unfold f; now destruct (mapping_eq _ _)).
      now rewrite E in Hf. }
    assert (Hle : length (filter f (maps y)) <= length (filter f (maps x))).
    { apply Hn. intros m. unfold f. now destruct (mapping_eq (Pin p a s) m) as [<-|]. }
    destruct (filter f (maps x)) as [|m l] eqn:E; [simpl in Hle; lia|].
    assert (Hm : In m (filter f (maps x))) by (rewrite E; now left). apply filter_In in Hm as [Hm Hf].
    unfold f in Hf. destruct (mapping_eq (Pin p a s) m) as [<-|]; [|easy]. eauto. }
  remember (maps y) as ms eqn:Ems. remember (leftovers y) as l eqn:El.
  destruct Hc; auto; destruct Hin as [[= <- <- <-]|Hin]; eauto.
Qed.

Lemma enough_after st i x y e : pages_are_there = true -> enough_slots st -> nth_error (tasks st) i = Some x ->
  In (y, e) (steps P Z st x) -> enough_slots (after st i (y, e)).
Proof.
  intros Hthere [He Hp] Hi Ho. pose proof (nth_error_In _ _ Hi) as Hx.
  destruct (steps_of_slots st x y e Hthere Ho) as (Hr & c & Hso & Hc).
  assert (Hmaps : maps (parted y) = maps y) by (unfold parted; now destruct (ended y)).
  assert (Hruns : runs (parted y) = runs x) by (unfold parted; now destruct (ended y)).
  assert (Hown : forall s, own_slots P (parted y) s = own_slots P y s)
    by (intros s; unfold parted; now destruct (ended y)).
  pose proof (pins_stay_there x y c e Hc (fun p a s => Hp x p a s Hx)) as Hpins.
  split.
  - intros s. specialize (He s). rewrite forallb_forall in Hso.
    (* without a flush *)
    assert (Hno : match e with Flushes _ => False | _ => True end -> forall d d' n m,
        own_slots P y s + shared_in_use (put i (parted y) (tasks st)) s + m <= own_slots P x s + shared_in_use (tasks st) s + d ->
        own_stale y s + stale_left (left (after st i (y, e))) s + d' <= own_stale x s + stale_left (left st) s + n ->
        in_use P st s + stale st s + d + n <= slots_in Z s + d' + m ->
        in_use P (after st i (y, e)) s + stale (after st i (y, e)) s <= slots_in Z s).
    { intros Hf d d' n m H1 H2 Hn. set (ts' := put i (parted y) (tasks st)) in *.
      assert (Ht : tasks (after st i (y, e)) = ts') by (now destruct e).
      assert (Hor : orphans (after st i (y, e)) = orphans st ++ if ended y then map snd (leftovers y) else [])
        by (now destruct e).
      unfold in_use, stale in *. rewrite Ht, Hor, filter_app, app_length.
      pose proof (total_put_eq (fun z => own_slots P z s) i x (parted y) (tasks st) Hi) as H3.
      pose proof (total_put_eq (fun z => own_stale z s) i x (parted y) (tasks st) Hi) as H4.
      pose proof (gone_or_stale y s) as H5. cbv beta in H3, H4. rewrite Hown in H3.
      fold ts' in H3, H4. fold (shared_in_use ts' s). fold (shared_in_use (tasks st) s) in Hn, He.
      fold (stale_left (left (after st i (y, e))) s). fold (stale_left (left st) s) in Hn, He. lia. }
    assert (Hpush : forall p a s', maps y = Pin p a s' :: maps x ->
        own_slots P y s + shared_in_use (put i (parted y) (tasks st)) s <=
        own_slots P x s + shared_in_use (tasks st) s + if s =? s' then 1 else 0).
    { intros p a s' E. rewrite <- Hown. apply (one_slot_more i x (parted y) (tasks st) p a s'); congruence. }
    assert (Hstay : forall p a s', maps y = Pin p a s' :: maps x -> keeps_mappings P s' = true ->
        match p with Shared k => users (tasks st) k s' = true | Own k => page_pinned x (Own k) s' = true end ->
        own_slots P y s + shared_in_use (put i (parted y) (tasks st)) s <= own_slots P x s + shared_in_use (tasks st) s).
    { intros p a s' E Hk Hu. rewrite <- Hown. apply (no_slot_more i x (parted y) (tasks st) p a s'); first [exact Hu|congruence]. }
    assert (Hless : no_more_pins (maps y) (maps x) ->
        own_slots P y s <= own_slots P x s /\
        shared_in_use (put i (parted y) (tasks st)) s <= shared_in_use (tasks st) s).
    { intros H. split; [now apply no_more_own|]. apply (no_more_shared i x); [easy|now rewrite Hmaps]. }
    assert (Hsame : leftovers y = leftovers x -> own_stale y s = own_stale x s) by (unfold own_stale; now intros ->).
    remember (maps y) as ms eqn:Ems. remember (leftovers y) as l eqn:El.
    destruct Hc as [ms e Hn Hq|j a r _ Hm Hk|j a r Hj Hm Hk|p r k _ Hu Hf|p r k _ Hu|ms j a r Hn Hin Hk|ms j a r Hn Hin Hk Hg].
    + destruct (Hless Hn). apply (Hno ltac:(now destruct e) 0 0 0 0); try lia.
      assert (left (after st i (y, e)) = left st) as -> by now destruct e. rewrite (Hsame eq_refl). lia.
    + specialize (Hso _ Hm). simpl in Hso. specialize (Hsame eq_refl).
      destruct (users (tasks st) j r) eqn:Eu.
      * specialize (Hstay _ _ _ eq_refl Hk Eu). pose proof (less_without j r (left st) s).
        apply (Hno I 0 0 0 0); simpl left; lia.
      * assert (Hl : has_pair (j, r) (left st) = true) by (unfold users in Eu; now rewrite Eu in Hso).
        specialize (Hpush _ _ _ eq_refl). destruct (s =? r) eqn:Es.
        -- apply Nat.eqb_eq in Es as ->. pose proof (one_less_without j r (left st) Hl). apply (Hno I 1 1 0 0); simpl left; lia.
        -- pose proof (less_without j r (left st) s). apply (Hno I 0 0 0 0); simpl left; lia.
    + specialize (Hso _ Hm). simpl in Hso. rewrite orb_false_r in Hso.
      assert (Ey : own_stale y s = stale_left (without_pair (j, r) (leftovers x)) s) by (unfold own_stale, stale_left; now rewrite <- El).
      change (own_stale x s) with (stale_left (leftovers x) s) in *.
      destruct (page_pinned x (Own j) r) eqn:Eu.
      * specialize (Hstay _ _ _ eq_refl Hk Eu). pose proof (less_without j r (leftovers x) s).
        apply (Hno I 0 0 0 0); simpl left; lia.
      * simpl in Hso. specialize (Hpush _ _ _ eq_refl). destruct (s =? r) eqn:Es.
        -- apply Nat.eqb_eq in Es as ->. pose proof (one_less_without j r (leftovers x) Hso). apply (Hno I 1 1 0 0); simpl left; lia.
        -- pose proof (less_without j r (leftovers x) s). apply (Hno I 0 0 0 0); simpl left; lia.
    + specialize (Hso _ Hf). simpl in Hso. apply Nat.ltb_lt in Hso. specialize (Hpush _ _ _ eq_refl).
      specialize (Hsame eq_refl). destruct (s =? r) eqn:Es.
      * apply Nat.eqb_eq in Es as ->. apply (Hno I 1 0 0 0); simpl left; lia.
      * apply (Hno I 0 0 0 0); simpl left; lia.
    + clear Hno Hstay Hless Hsame. specialize (Hso _ Hu). simpl in Hso. apply Nat.ltb_lt in Hso.
      specialize (Hpush _ _ _ eq_refl).
      set (ts' := put i (parted y) (tasks st)) in *.
      assert (Ey : own_stale y s = own_stale (flush_local r x) s) by (unfold own_stale; now rewrite <- El).
      pose proof (total_put_eq (fun z => own_slots P z s) i x (parted y) (tasks st) Hi) as H3.
      pose proof (total_put_eq (fun z => own_stale z s) i (flush_local r x) (parted y) _ (map_nth_error (flush_local r) i (tasks st) Hi)) as H4.
      pose proof (gone_or_stale y s) as H5. cbv beta in H3, H4. rewrite Hown in H3. rewrite flushed_total, <- Ey in H4.
      unfold in_use, stale in *. cbn [tasks left orphans after].
      rewrite (put_flushed (fun z => own_slots P z s)) by easy. rewrite filter_app, app_length.
      fold (shared_in_use (put i (parted y) (map (flush_local r) (tasks st))) s). rewrite shared_flushed.
      fold (shared_in_use (tasks st) s) in He. fold (shared_in_use (tasks st) r) in Hso. fold ts' in H3 |- *.
      rewrite (flushed_filter snd r s (left st)).
      assert (Ho' : length (filter (Nat.eqb s) (filter (fun q => negb (q =? r)) (orphans st))) =
          if s =? r then 0 else length (filter (Nat.eqb s) (orphans st))).
      { pose proof (flushed_filter (fun q => q) r s (orphans st)) as H. cbv beta in H.
        rewrite (filter_ext (fun a => a =? s) (Nat.eqb s)) in H by (intros a; apply Nat.eqb_sym).
        rewrite (filter_ext (fun a => a =? s) (Nat.eqb s)) in H by (intros a; apply Nat.eqb_sym). exact H. }
      rewrite Ho'. destruct (s =? r) eqn:Es; [apply Nat.eqb_eq in Es as ->|]; lia.
    + destruct (Hless Hn) as [H1 H2]. specialize (Hsame eq_refl).
      destruct (users (put i (parted y) (tasks st)) j r) eqn:Eu; [apply (Hno I 0 0 0 0); simpl left; rewrite ?Eu; lia|].
      pose proof (one_more_with j r (left st) s) as Hone. destruct (s =? r) eqn:Es.
      * apply Nat.eqb_eq in Es as ->.
        assert (shared_in_use (put i (parted y) (tasks st)) r + 1 <= shared_in_use (tasks st) r).
        { unfold shared_in_use. rewrite Hk. apply (count_one_less _ _ j); [|easy| |].
          - intros q Hq. apply users_put in Hq as [Hq|Hq]; [easy|]. apply users_true. exists x. split; [easy|].
            apply (no_more_pinned x (parted y)); [now rewrite Hmaps|easy].
          - apply users_true. exists x. split; [easy|]. unfold page_pinned. apply existsb_exists.
            exists (Pin (Shared j) a r). split; [easy|]. simpl. unfold is_name. destruct (name_eq _ _); [|easy]. simpl. apply Nat.eqb_refl.
          - specialize (Hp _ _ _ _ Hx Hin). simpl in Hp. apply Nat.ltb_lt in Hp. apply in_seq. lia. }
        apply (Hno I 0 0 1 1); simpl left; rewrite ?Eu; lia.
      * apply (Hno I 0 0 0 0); simpl left; rewrite ?Eu; lia.
    + destruct (Hless Hn) as [H1 H2]. pose proof (one_more_with j r (leftovers x) s) as Hone.
      assert (Ey : own_stale y s = stale_left (with_pair (j, r) (leftovers x)) s) by (unfold own_stale, stale_left; now rewrite <- El).
      change (own_stale x s) with (stale_left (leftovers x) s) in *. destruct (s =? r) eqn:Es.
      * apply Nat.eqb_eq in Es as ->.
        assert (own_slots P y r + 1 <= own_slots P x r).
        { unfold own_slots. rewrite (same_program x y Hr), Hk. apply (count_one_less _ _ j).
          - intros q Hq. apply (no_more_pinned x y); [now rewrite <- Ems|easy].
          - unfold page_pinned. now rewrite <- Ems.
          - unfold page_pinned. apply existsb_exists.
            exists (Pin (Own j) a r). split; [easy|]. simpl. unfold is_name. destruct (name_eq _ _); [|easy]. simpl. apply Nat.eqb_refl.
          - specialize (Hp _ _ _ _ Hx Hin). simpl in Hp. apply Nat.ltb_lt in Hp. apply in_seq. lia. }
        apply (Hno I 0 0 1 1); simpl left; rewrite ?Eu; lia.
      * apply (Hno I 0 0 0 0); simpl left; rewrite ?Eu; lia.
  - intros z p a s Hz Hin.
    assert (Hz' : z = parted y \/ exists u, In u (tasks st) /\ maps z = maps u /\ runs z = runs u).
    { simpl in Hz. apply in_put in Hz as [->|Hz]; [now left|right].
      destruct e; try (exists z; split; [exact Hz|easy]).
      apply in_map_iff in Hz as (u & <- & Hu). now exists u. }
    destruct Hz' as [->|(u & Hu & Em & Er)].
    + rewrite Hmaps in Hin. rewrite (same_program x (parted y) Hruns). now apply (Hpins p a s).
    + rewrite Em in Hin. rewrite (same_program u z Er). now apply (Hp u p a s).
Qed.

Lemma enough_at_first ts : (forall s, stale (starts_with P ts) s <= slots_in Z s) -> enough_slots (starts_with P ts).
Proof.
  intros Hs.
  assert (Hmaps : forall x, In x (tasks (starts_with P ts)) -> maps x = []).
  { intros x Hx. simpl in Hx. apply in_map_iff in Hx as (y & <- & Hy). apply in_map_iff in Hy as (t & <- & _).
    unfold parted. now destruct (ended (begins P t)). }
  split; [|intros x p a s Hx Hin; rewrite (Hmaps x Hx) in Hin; easy].
  intros s. specialize (Hs s).
  assert (in_use P (starts_with P ts) s = 0) as ->; [|exact Hs].
  assert (Hown : forall l : list local, (forall x, In x l -> maps x = []) -> total (fun x => own_slots P x s) l = 0).
  { induction l as [|x l IH]; intros Hl; [easy|]. unfold total in *. simpl. rewrite IH by (intros; apply Hl; now right).
    unfold own_slots, page_pinned. rewrite (Hl x) by now left. simpl. destruct (keeps_mappings P s); [|easy].
    induction (seq 0 (length (own_pages (program_of P x)))); easy. }
  unfold in_use. rewrite Hown by easy. destruct (keeps_mappings P s); [|easy].
  induction (seq 0 (length (pages P))) as [|p l IH]; [easy|]. cbn [filter].
  destruct (users (tasks (starts_with P ts)) p s) eqn:E; [|exact IH]. apply users_true in E as (x & Hx & E).
  unfold page_pinned in E. now rewrite (Hmaps x Hx) in E.
Qed.

Theorem no_more_slots_than_there_are ts st : pages_are_there = true ->
  (forall s, stale (starts_with P ts) s <= slots_in Z s) -> reachable P Z ts st ->
  forall s, in_use P st s + stale st s <= slots_in Z s.
Proof.
  intros Hthere Hs H. apply slots_enough. induction H as [|st st' _ IH [i x [y e] Hi Ho]]; [now apply enough_at_first|].
  now apply (enough_after st i x y e).
Qed.
End OneScenario.
