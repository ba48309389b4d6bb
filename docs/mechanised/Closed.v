(** * All local states of a scenario, checked

    About Scenario.v. Proves, of docs/proofs.md, "One task in every surrounding", with pages and with
    flushes by others: if a list of local states has in it what each program begins in, and with each
    all that its own steps make of it, whatever is around, and what flushes by others make of it,
    then in each state of each run each task is in one of them ([every_task_is_on_the_list]). The
    function [complete] checks a list; it does not make one.

    "Whatever is around": a condition of a step is taken to be so unless what the task itself has
    excludes it ([may_be_so]), or nobody on the list ever maps the page there. And it is taken to be
    possibly not so, unless what the task has makes it certain ([must_be_so]).

    Any number of tasks, slots and units that the scenario leaves open. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant SlotsInvariant.
Import ListNotations.

Section OneScenario.
Variable P : scenario.

(** Shared pages with the series in which anybody may have them mapped. *)
Variable elsewhere : list (nat * nat).

Definition below (n : nat) (most : option nat) : bool := match most with Some m => n <? m | None => true end.
Definition within (n : nat) (most : option nat) : bool := match most with Some m => n <=? m | None => true end.

(** Not excluded by what the task itself has. *)
Definition may_be_so (x : local) (c : condition) : bool :=
  match c with
  | NobodyHas l m => amount (l, m) (held x) =? 0
  | FitsIn (Shared l) n => within (amount (Shared l, Units) (held x) + n) (nth l (locks P) None)
  | FitsIn (Own l) n =>
    match nth l (own_locks (program_of P x)) None with
    | Some u => amount (Own l, Units) (held x) + n <=? u
    | None => false
    end
  | PageUnlocked p => negb (is_locked x p)
  | Mapped (Shared i) s => has_pair (i, s) elsewhere
  | Mapped (Own i) s => page_pinned x (Own i) s || has_pair (i, s) (leftovers x)
  | Unmapped (Shared i) s => negb (page_pinned x (Shared i) s)
  | Unmapped (Own i) s => negb (page_pinned x (Own i) s || has_pair (i, s) (leftovers x))
  | FewerInUse s kept => below (own_slots P x s + kept) (slots (series_of P s))
  | SlotFree s => below (own_slots P x s + own_stale x s) (slots (series_of P s))
  | SomeStale _ | Counted _ _ | RoomFor _ _ => true
  end.

(** Slots and what is stale are counted from nothing. *)
Definition nothing_stale_at_first : bool :=
  let fresh p := match mapped_at_start p with [] => true | _ => false end in
  forallb fresh (pages P) && forallb (fun t => forallb fresh (own_pages t)) (programs P).
Definition slots_are_counted : bool := pages_are_there P && nothing_stale_at_first.

(** Certain by what the task itself has. Who reads keeps writers out, and the other way round. Who has
    a stale mapping leaves one slot fewer to be in use. *)
Definition must_be_so (x : local) (c : condition) : bool :=
  match c with
  | NobodyHas (Shared l) Writing => 0 <? amount (Shared l, Reading) (held x)
  | NobodyHas (Shared l) Reading => 0 <? amount (Shared l, Writing) (held x)
  | FewerInUse s kept => (kept <? own_stale x s) && slots_are_counted
  | SomeStale s => 0 <? own_stale x s
  | NobodyHas (Own _) _ | FitsIn (Own _) _ | PageUnlocked (Own _)
  | Mapped (Own _) _ | Unmapped (Own _) _ => may_be_so x c
  | Mapped (Shared i) s => page_pinned x (Shared i) s
  | _ => false
  end.

Definition can_be (x : local) (w : way) : bool := forallb (may_be_so x) (fst w).
Definition is_certain (x : local) (w : way) : bool := forallb (must_be_so x) (fst w).

(** Whether it never has to do without a way. *)
Definition goes_on (x : local) : bool := existsb (is_certain x) (ways P x).

Definition moves_to (x : local) : list local :=
  map (fun w => parted (fst (snd w))) (filter (can_be x) (ways P x)) ++
  if goes_on x then [] else map (fun o => parted (fst o)) (otherwise P x).

Definition on_list (ls : list local) (x : local) : bool := existsb (fun y => if local_eq x y then true else false) ls.

Definition known_effect (w : way) : bool :=
  match snd (snd w) with
  | Flushes s => s <? length (all_series P)
  | Unpins p s => has_pair (p, s) elsewhere
  | _ => true
  end.
Definition known_pin (m : mapping) : bool :=
  match m with Pin (Shared i) _ s => has_pair (i, s) elsewhere | _ => true end.

Definition closed_at (ls : list local) (x : local) : bool :=
  forallb (on_list ls) (moves_to x) &&
  forallb (fun s => on_list ls (flush_local s x)) (seq 0 (length (all_series P))) &&
  forallb known_effect (ways P x) && forallb known_pin (maps x).

Definition complete (ls : list local) : bool :=
  forallb (fun t => on_list ls (parted (begins P t))) (seq 0 (length (programs P))) &&
  forallb (fun l => has_pair l elsewhere) (fold_right with_pair [] (leftovers_at_start (pages P))) &&
  forallb (closed_at ls) ls.

(** ** Why that is right *)

Lemma on_list_true ls x : on_list ls x = true <-> In x ls.
Proof.
  unfold on_list. rewrite existsb_exists. split.
  - intros (y & Hy & E). destruct (local_eq x y); [now subst|easy].
  - intros H. exists x. split; [easy|]. now destruct (local_eq x x).
Qed.

Lemma has_pair_true x l : has_pair x l = true <-> In x l.
Proof.
  unfold has_pair, is_pair. rewrite existsb_exists. split.
  - intros (y & Hy & E). destruct (pair_eq x y); [now subst|easy].
  - intros H. exists x. split; [easy|]. now destruct (pair_eq x x).
Qed.

Lemma in_with_pair x y l : In y (with_pair x l) -> y = x \/ In y l.
Proof.
  induction l as [|z l IH]; simpl; [intros [->|[]]; auto|].
  destruct (is_pair x z); [auto|]. destruct (pair_before x z); simpl; [intuition|].
  intros [->|H]; [auto|]. destruct (IH H); auto.
Qed.

Variable Z : sizes.

Definition fewest_units (l : nat) : nat :=
  fold_right Nat.max 1 (flat_map (fun p => flat_map (fun d => match does d with
    | Acquire (Shared k) Units n | TryAcquire (Shared k) Units n | Release (Shared k) Units n =>
      if k =? l then [n] else []
    | _ => [] end) (nodes p)) (programs P)).

(** Open numbers are at least 1, and no fewer units than are asked for at once. *)
Record fits : Prop := {
  slots_fit : forall s, match slots (series_of P s) with Some n => slots_in Z s = n | None => 1 <= slots_in Z s end;
  units_fit : forall l, match nth l (locks P) None with Some u => units_in Z l = u | None => fewest_units l <= units_in Z l end
}.
Hypothesis they_fit : fits.

(** What is so in each state of each run, and of some of its tasks as well. *)
Record sound (st : state) : Prop := {
  slots_sound : slots_are_counted = true -> forall s, in_use P st s + stale st s <= slots_in Z s;
  readers_sound : forall l, total_held (tasks st) (Shared l) Reading = 0 \/ total_held (tasks st) (Shared l) Writing = 0
}.

Lemma none_stale_at_first ts s : nothing_stale_at_first = true -> stale (starts_with P ts) s = 0.
Proof.
  intros H. apply andb_true_iff in H as [Hs Ho]. rewrite forallb_forall in Hs, Ho.
  assert (Hnone : forall ps, (forall p, In p ps -> mapped_at_start p = []) -> leftovers_at_start ps = []).
  { intros ps Hp. unfold leftovers_at_start. induction (seq 0 (length ps)) as [|i l IH]; [easy|]. cbn [flat_map].
    rewrite IH, app_nil_r. destruct (nth_in_or_default i ps {| in_low_memory := false; mapped_at_start := [] |}) as [Hi| ->];
      [|easy]. now rewrite Hp. }
  assert (Hfresh : forall p, (match mapped_at_start p with [] => true | _ => false end) = true -> mapped_at_start p = [])
    by (intros p; now destruct (mapped_at_start p)).
  assert (Hown : forall t, leftovers (begins P t) = []).
  { intros t. simpl. rewrite Hnone; [easy|]. intros p Hp. apply Hfresh.
    destruct (nth_in_or_default t (programs P) no_program) as [H|H]; [|now rewrite H in Hp].
    specialize (Ho _ H). rewrite forallb_forall in Ho. now apply Ho. }
  unfold stale. simpl. rewrite (Hnone (pages P)) by (intros p Hp; now apply Hfresh, Hs). simpl.
  assert (forall l, flat_map (fun x => if ended x then map snd (leftovers x) else []) (map (begins P) l) = []) as ->.
  { intros l. induction l as [|t l IH]; [easy|]. cbn [map flat_map]. rewrite IH, Hown. now destruct (ended (begins P t)). }
  simpl. rewrite !Nat.add_0_r. induction ts as [|t ts IH]; [easy|]. unfold total in *. simpl. rewrite IH, Nat.add_0_r.
  unfold own_stale, parted. destruct (ended (begins P t)); [easy|]. now rewrite Hown.
Qed.

Lemma runs_are_sound ts st : reachable P Z ts st -> sound st.
Proof.
  intros H. split.
  - intros Hc. apply andb_true_iff in Hc as [Hp Hn]. apply (no_more_slots_than_there_are P Z ts); try easy.
    intros s. rewrite (none_stale_at_first ts s Hn). lia.
  - now apply (readers_keep_writers_out P Z ts).
Qed.

Variable ls : list local.
Hypothesis is_complete : complete ls = true.

Record on_the_list (st : state) : Prop := {
  tasks_listed : forall x, In x (tasks st) -> In x ls;
  left_known : forall l, In l (left st) -> In l elsewhere
}.

Lemma listed_closed x : In x ls -> closed_at ls x = true.
Proof.
  unfold complete in is_complete. apply andb_true_iff in is_complete as [_ H]. rewrite forallb_forall in H. auto.
Qed.

Lemma pinned_elsewhere x i s : In x ls -> page_pinned x (Shared i) s = true -> In (i, s) elsewhere.
Proof.
  intros Hx H. apply listed_closed in Hx. apply andb_true_iff in Hx as [_ Hx]. rewrite forallb_forall in Hx.
  unfold page_pinned in H. apply existsb_exists in H as (m & Hm & E). specialize (Hx m Hm).
  destruct m as [q asked lies|q|q t|q]; try easy. simpl in E. apply andb_true_iff in E as [Eq Es].
  unfold is_name in Eq. destruct (name_eq (Shared i) q) as [<-|]; [|easy]. apply Nat.eqb_eq in Es; subst.
  now apply has_pair_true.
Qed.

Lemma is_so_may st x c : on_the_list st -> In x (tasks st) -> is_so P Z st x c = true -> may_be_so x c = true.
Proof.
  intros Hst Hx. destruct they_fit as [Hslots Hunits].
  destruct c as [[l|l] m|[l|l] n|[p|p]|[p|p] s|[p|p] s|s k|s|s|c n|c n]; simpl; try easy.
  - intros H. apply Nat.eqb_eq in H. apply Nat.eqb_eq. unfold total_held in H.
    pose proof (total_at_least (fun y => amount (Shared l, m) (held y)) _ x Hx). simpl in *. lia.
  - unfold total_held. simpl. now rewrite Nat.add_0_r.
  - intros H. apply Nat.leb_le in H. unfold total_held in H.
    pose proof (total_at_least (fun y => amount (Shared l, Units) (held y)) _ x Hx) as Ht.
    specialize (Hunits l). unfold within. destruct (nth l (locks P) None); [|easy].
    apply Nat.leb_le. simpl in *. lia.
  - intros H. apply negb_true_iff in H. apply negb_true_iff. destruct (is_locked x (Shared p)) eqn:E; [|easy].
    rewrite <- H. symmetry. apply existsb_exists. eauto.
  - now rewrite orb_false_r.
  - intros H. apply has_pair_true. apply orb_true_iff in H as [H|H].
    + apply existsb_exists in H as (y & Hy & E). apply (pinned_elsewhere y); [|easy]. now apply (tasks_listed st Hst).
    + apply has_pair_true in H. now apply (left_known st Hst).
  - now rewrite orb_false_r.
  - intros H. apply negb_true_iff in H. apply orb_false_iff in H as [H _]. apply negb_true_iff.
    destruct (page_pinned x (Shared p) s) eqn:E; [|easy]. rewrite <- H. symmetry. apply existsb_exists. eauto.
  - now rewrite orb_false_r.
  - intros H. apply Nat.ltb_lt in H. unfold in_use in H.
    pose proof (total_at_least (fun y => own_slots P y s) _ x Hx) as Ht. specialize (Hslots s).
    unfold below. destruct (slots (series_of P s)); [|easy]. apply Nat.ltb_lt. simpl in *. lia.
  - intros H. apply Nat.ltb_lt in H. unfold in_use, stale in H.
    pose proof (total_at_least (fun y => own_slots P y s) _ x Hx) as Ht.
    pose proof (total_at_least (fun y => own_stale y s) _ x Hx) as Ht'. specialize (Hslots s).
    unfold below. destruct (slots (series_of P s)); [|easy]. apply Nat.ltb_lt. simpl in *. lia.
Qed.

Lemma must_is_so st x c : sound st -> In x (tasks st) -> must_be_so x c = true -> is_so P Z st x c = true.
Proof.
  intros Hsound Hx.
  assert (Hstale : forall s, own_stale x s <= stale st s).
  { intros s. unfold stale. pose proof (total_at_least (fun y => own_stale y s) (tasks st) x Hx). simpl in *. lia. }
  assert (Hheld : forall l m, amount (Shared l, m) (held x) <= total_held (tasks st) (Shared l) m).
  { intros l m. exact (total_at_least (fun y => amount (Shared l, m) (held y)) (tasks st) x Hx). }
  destruct c as [[l|l] m|[l|l] n|[p|p]|[p|p] s|[p|p] s|s k|s|s|c n|c n]; simpl; try easy.
  - pose proof (Hheld l Reading). pose proof (Hheld l Writing).
    destruct m; try easy; intros E; apply Nat.ltb_lt in E; apply Nat.eqb_eq; destruct (readers_sound st Hsound l); lia.
  - unfold total_held. simpl. now rewrite Nat.add_0_r.
  - now rewrite orb_false_r.
  - intros H. apply orb_true_iff. left. apply existsb_exists. eauto.
  - now rewrite orb_false_r.
  - now rewrite orb_false_r.
  - intros H. apply andb_true_iff in H as [Hk Hc]. apply Nat.ltb_lt in Hk. apply Nat.ltb_lt.
    pose proof (slots_sound st Hsound Hc s). specialize (Hstale s). lia.
  - intros H. apply Nat.ltb_lt in H. apply Nat.ltb_lt. specialize (Hstale s). lia.
Qed.

Lemma goes_on_steps st x : sound st -> In x (tasks st) -> goes_on x = true -> possible_ways P Z st x <> [].
Proof.
  intros Hsound Hx H. apply existsb_exists in H as (w & Hw & E). intros Hp.
  assert (Hin : In w (possible_ways P Z st x)).
  { apply filter_In. split; [easy|]. apply forallb_forall. intros c Hc. unfold is_certain in E.
    rewrite forallb_forall in E. apply must_is_so; auto. }
  now rewrite Hp in Hin.
Qed.

Lemma otherwise_no_effect x o : In o (otherwise P x) -> snd o = Nothing.
Proof.
  unfold otherwise. destruct (at_node x) as [a|]; [|easy]. destruct (node_at P x a) as [d|]; [|easy].
  destruct (does d); cbn [is_try]; try (intros [<-|[]]; easy); destruct (gives_up d); try easy; intros [<-|[]]; easy.
Qed.

(** What a step of a listed task is. *)
Lemma steps_listed st x o : sound st -> on_the_list st -> In x (tasks st) -> In o (steps P Z st x) ->
  In (parted (fst o)) ls /\
  ((exists c, In (c, o) (ways P x)) \/ snd o = Nothing).
Proof.
  intros Hsound Hst Hx Ho. pose proof (listed_closed x (tasks_listed st Hst x Hx)) as Hc.
  unfold closed_at in Hc. rewrite !andb_true_iff in Hc. destruct Hc as [[[Hc _] _] _]. rewrite forallb_forall in Hc.
  assert (Hm : In (parted (fst o)) (moves_to x) /\ ((exists c, In (c, o) (ways P x)) \/ snd o = Nothing)).
  { unfold steps in Ho. destruct (possible_ways P Z st x) as [|w l] eqn:E.
    - split; [|right; now apply otherwise_no_effect with (x := x)].
      apply in_or_app. right. destruct (goes_on x) eqn:G; [now apply (goes_on_steps st x Hsound Hx) in G|].
      now apply in_map with (f := fun o => parted (fst o)).
    - rewrite <- E in Ho. apply in_map_iff in Ho as ([c o'] & <- & Hw). unfold possible_ways in Hw.
      apply filter_In in Hw as [Hw Hso]. split; [|left; eauto].
      apply in_or_app. left. apply in_map_iff. exists (c, o'). split; [easy|]. apply filter_In. split; [easy|].
      apply forallb_forall. intros k Hk. rewrite forallb_forall in Hso. apply (is_so_may st); auto. }
  destruct Hm as [Hm He]. split; [|easy]. apply on_list_true. now apply Hc.
Qed.

Lemma after_listed st i x o : sound st -> on_the_list st -> nth_error (tasks st) i = Some x -> In o (steps P Z st x) ->
  on_the_list (after st i o).
Proof.
  intros Hsound Hst Hi Ho. pose proof (nth_error_In _ _ Hi) as Hx.
  destruct (steps_listed st x o Hsound Hst Hx Ho) as [Hy He]. destruct o as [y e]. simpl in Hy, He.
  assert (Hk : match e with Flushes s => s < length (all_series P) | Unpins p s => In (p, s) elsewhere | _ => True end).
  { destruct He as [(c & Hw)| ->]; [|easy].
    pose proof (listed_closed x (tasks_listed st Hst x Hx)) as Hc. unfold closed_at in Hc.
    rewrite !andb_true_iff in Hc. destruct Hc as [[_ Hc] _]. rewrite forallb_forall in Hc. specialize (Hc _ Hw).
    unfold known_effect in Hc; simpl in Hc. destruct e; try easy; [now apply Nat.ltb_lt|now apply has_pair_true]. }
  split; simpl.
  - intros z Hz. apply in_put in Hz as [->|Hz]; [easy|]. destruct e as [|s|p s|p s|c n|c n];
      try (now apply (tasks_listed st Hst)).
    apply in_map_iff in Hz as (u & <- & Hu). pose proof (listed_closed u (tasks_listed st Hst u Hu)) as Hc.
    unfold closed_at in Hc. rewrite !andb_true_iff in Hc. destruct Hc as [[[_ Hc] _] _]. rewrite forallb_forall in Hc.
    apply on_list_true, Hc, in_seq. lia.
  - intros l Hl. destruct e as [|s|p s|p s|c n|c n]; try (now apply (left_known st Hst)).
    + apply filter_In in Hl as [Hl _]. now apply (left_known st Hst).
    + apply filter_In in Hl as [Hl _]. now apply (left_known st Hst).
    + destruct (users _ p s); [now apply (left_known st Hst)|].
      apply in_with_pair in Hl as [->|Hl]; [easy|now apply (left_known st Hst)].
Qed.

Theorem every_task_is_on_the_list (ts : list nat) : (forall t, In t ts -> t < length (programs P)) ->
  forall st, reachable P Z ts st -> on_the_list st.
Proof.
  intros Ht st. induction 1 as [|st st' Hre IH [i x o Hi Ho]].
  - unfold complete in is_complete. rewrite !andb_true_iff in is_complete.
    destruct is_complete as [[Hb Hl] _]. rewrite forallb_forall in Hb, Hl. split; simpl.
    + intros x Hx. apply in_map_iff in Hx as (y & <- & Hy). apply in_map_iff in Hy as (t & <- & Hin).
      apply on_list_true, Hb, in_seq. specialize (Ht t Hin). lia.
    + intros l H. apply has_pair_true. now apply Hl.
  - apply (after_listed st i x o); auto. now apply (runs_are_sound ts).
Qed.

End OneScenario.
