(** * A stuck set of a scenario never moves

    About Scenario.v. Proves, of docs/semantics.md, "stuck": where only what others hold is waited for
    ([waits_for_held]), no task of a stuck set can move on any continuation, whatever the others do
    ([stuck_tasks_never_move]). So where everybody lets go, each task that has not ended can move on
    some continuation, or is in a set that never moves again at the end of one
    ([lets_go_moves_or_is_lost]): there may be deadlocks, but nobody starves.

    Not there: waits for what anybody may give, and for pages that others could map. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant SlotsInvariant Closed Ordered Ends ScenarioLettingGo.
Import ListNotations.

Section OneScenario.
Variable P : scenario.

Definition missing_if_held (o : operation) : bool :=
  match o with
  | Kmap (Shared _) _ | TryKmap (Shared _) _ _ | TryKmap _ _ false | Await _ _ | TryAwait _ _ | Post _ _ => false
  | _ => true
  end.
(** Who may have to wait waits for what others hold. *)
Definition waits_for_held (x : local) : bool :=
  match otherwise P x with [] => forallb missing_if_held (calls P x) | _ => true end.

Variable Z : sizes.

(** ** Two states, in the second of which no less is held *)

Section Harder.
Variables st1 st2 : state.
Variable x : local.
Variable l : list (nat * nat).
Let y := with_leftovers x l.
Hypothesis fewer_left : forall k s, has_pair (k, s) l = true -> has_pair (k, s) (leftovers x) = true.
Hypothesis more_held : forall k m, total_held (tasks st1) (Shared k) m <= total_held (tasks st2) (Shared k) m.
Hypothesis more_locked : forall p, existsb (fun z => is_locked z (Shared p)) (tasks st1) = true ->
  existsb (fun z => is_locked z (Shared p)) (tasks st2) = true.
Hypothesis more_used : forall s, in_use P st1 s <= in_use P st2 s.

Definition is_of_held (c : condition) : bool :=
  match c with
  | NobodyHas _ _ | FitsIn _ _ | PageUnlocked _ | FewerInUse _ _ | Mapped (Own _) _ => true
  | _ => false
  end.

Lemma harder c : is_of_held c = true -> is_so P Z st2 y c = true -> is_so P Z st1 x c = true.
Proof.
  destruct c as [[k|k] m|[k|k] n|[p|p]|[p|p] s|p s|s k|s|s|c n|c n]; intros Hc; try easy; cbn [is_so].
  - rewrite !Nat.eqb_eq. specialize (more_held k m). lia.
  - rewrite !Nat.leb_le. specialize (more_held k Units). lia.
  - rewrite !negb_true_iff. intros H. destruct (existsb _ (tasks st1)) eqn:E; [|easy]. apply more_locked in E. congruence.
  - simpl. rewrite !orb_true_iff. intros [H|H]; [left; exact H|right; now apply fewer_left].
  - rewrite !Nat.ltb_lt. specialize (more_used s). lia.
Qed.

Lemma waits_still o : missing_if_held o = true ->
  (forall v, In v (operation_ways P x o) -> impossible P Z st1 x v) ->
  forall v, In v (operation_ways P y o) -> impossible P Z st2 y v.
Proof.
  intros Ho Hi v Hv. unfold impossible. destruct (forallb _ (fst v)) eqn:E; [exfalso|easy].
  assert (Hsame : forall w, In w (operation_ways P x o) -> fst w = fst v -> forallb is_of_held (fst v) = true -> False).
  { intros w Hw Ef Hall. specialize (Hi w Hw). unfold impossible in Hi. rewrite Ef in Hi.
    assert (forallb (is_so P Z st1 x) (fst v) = true); [|congruence].
    rewrite forallb_forall in E, Hall |- *. intros c Hc. apply harder; auto. }
  assert (Hkmap : forall i s, (forall v, In v (kmap_ways P x (Own i) s true) -> impossible P Z st1 x v) ->
      (forall w, In w (kmap_ways P x (Own i) s true) -> fst w = fst v -> forallb is_of_held (fst v) = true -> False) ->
      In v (kmap_ways P y (Own i) s true) -> False).
  { clear Hi Hv Hsame. intros i s Hi Hsame Hv. unfold kmap_ways in Hv. change (page_of P y (Own i)) with (page_of P x (Own i)) in Hv.
    destruct (in_low_memory (page_of P x (Own i))) eqn:El.
    - destruct Hv as [<-|[]]. unfold kmap_ways in Hi. rewrite El in Hi. now specialize (Hi _ (or_introl eq_refl)).
    - pose proof (kmap_full P Z st1 x (Own i) s El Hi) as Hfull. specialize (more_used s).
      change (has_pin y s) with (has_pin x s) in Hv.
      assert (Hno : forall c rest, c = FewerInUse s (if has_pin x s then 0 else for_holders (series_of P s)) ->
          fst v = c :: rest -> False).
      { intros c rest -> Ef. rewrite Ef in E. cbn [forallb is_so] in E. apply andb_true_iff in E as [E _].
        apply Nat.ltb_lt in E. lia. }
      apply in_app_iff in Hv as [H|[H|[H|[]]]].
      + apply in_map_iff in H as (lies & H & Hl).
        match type of Hsame with forall w, In w ?L -> _ =>
          assert (Hw : exists w, In w L /\ fst w = [Mapped (Own i) lies]) end.
        { unfold kmap_ways. rewrite El. eexists. split; [apply in_or_app; left; apply in_map; exact Hl|reflexivity]. }
        destruct Hw as (w & Hw & Ew). apply (Hsame w Hw); subst v; [exact Ew|easy].
      + subst v. eapply Hno; reflexivity.
      + subst v. eapply Hno; reflexivity. }
  destruct o as [[p|p] s|[p|p] s []| | | | | | |k m n|k m n|k m n|p|p|p|c n|c n|c n| | |]; try easy.
  all: try (apply (Hkmap p s); assumption).
  all: simpl in Hv, Hsame, Hi.
  all: try (destruct Hv as [<-|[]]; eapply Hsame; [now left|reflexivity|reflexivity]).
  all: unfold acquire_ways in Hv, Hsame; destruct Hv as [<-|[]]; (eapply Hsame; [now left|reflexivity|now destruct m]).
Qed.

Lemma stopped_still : waits_for_held x = true -> steps P Z st1 x = [] -> steps P Z st2 y = [].
Proof.
  intros Hw Hs. unfold steps in Hs. destruct (possible_ways P Z st1 x) as [|w r] eqn:Ep; [|easy].
  unfold waits_for_held in Hw. rewrite Hs, forallb_forall in Hw.
  assert (Hs' : otherwise P y = []).
  { unfold otherwise in *. change (at_node y) with (at_node x). destruct (at_node x) as [a|]; [|easy].
    change (node_at P y a) with (node_at P x a). destruct (node_at P x a) as [d|]; [|easy].
    destruct (does d); simpl in *; try easy; now destruct (gives_up d). }
  unfold steps. rewrite Hs'. destruct (possible_ways P Z st2 y) as [|w r] eqn:Eo; [easy|exfalso].
  assert (Hin : In w (possible_ways P Z st2 y)) by (rewrite Eo; now left).
  unfold possible_ways in Hin. apply filter_In in Hin as [Hin Hso].
  assert (Hcall : forall o v, In o (calls P x) -> o <> Choose -> In v (operation_ways P y o) -> fst w = fst v -> False).
  { intros o v Ho Hne Hv Ef.
    pose proof (waits_still o (Hw o Ho) (calls_impossible P Z st1 x o Ep Ho Hne) v Hv) as H.
    unfold impossible in H. rewrite <- Ef in H. congruence. }
  assert (Hfree : In ([], (goes_to x None, Nothing)) (map (fun v => (fst v, (goes_to x None, Nothing))) (ways P x)) -> False).
  { intros H. apply in_map_iff in H as ([c o] & H & Hv). injection H as ->.
    assert (H : In (@pair (list condition) outcome [] o) (possible_ways P Z st1 x)) by (apply filter_In; now split).
    now rewrite Ep in H. }
  unfold calls in Hcall. unfold ways in Hin, Hfree. change (at_node y) with (at_node x) in Hin.
  destruct (at_node x) as [a|]; [|easy]. change (node_at P y a) with (node_at P x a) in Hin.
  destruct (node_at P x a) as [d|]; [|easy].
  destruct (does d) eqn:Ed;
    try (apply in_map_iff in Hin as (v & <- & Hv); refine (Hcall _ v (or_introl eq_refl) _ Hv eq_refl); congruence).
  - apply Hfree. apply in_map_iff in Hin as (b & _ & Hb). rewrite map_map. apply in_map_iff. now exists b.
  - apply in_flat_map in Hin as ([b|] & Hb & Hin); [|easy]. change (node_at P y b) with (node_at P x b) in Hin.
    destruct (node_at P x b) as [f|] eqn:Ef; [|easy].
    apply in_map_iff in Hin as (v & <- & Hv). apply (Hcall (does f) v); [|intros E; now rewrite E in Hv|easy|easy].
    apply in_flat_map. exists (Some b). split; [easy|]. rewrite Ef. now left.
Qed.
End Harder.

(** ** Whatever the others do *)

Lemma with_its_leftovers x : with_leftovers x (leftovers x) = x.
Proof. now destruct x. Qed.

Lemma only_is_less K st :
  (forall k m, total_held (tasks (only K st)) (Shared k) m <= total_held (tasks st) (Shared k) m) /\
  (forall p, existsb (fun z => is_locked z (Shared p)) (tasks (only K st)) = true ->
    existsb (fun z => is_locked z (Shared p)) (tasks st) = true) /\
  (forall s, in_use P (only K st) s <= in_use P st s).
Proof.
  split; [|split].
  - intros k m. apply total_those.
  - intros p. rewrite !existsb_exists. intros (z & Hz & E). exists z. split; [|easy]. simpl in Hz. now apply those_are_some in Hz.
  - intros s. unfold in_use. simpl. pose proof (total_those (fun x => own_slots P x s) K (tasks st) 0) as H1. simpl in H1.
    destruct (keeps_mappings P s); [|lia].
    assert (length (filter (fun p => users (those K 0 (tasks st)) p s) (seq 0 (length (pages P)))) <=
      length (filter (fun p => users (tasks st) p s) (seq 0 (length (pages P))))); [|lia].
    apply count_as_many. intros p. rewrite !users_true. intros (x & Hx & E). exists x. split; [|easy].
    now apply those_are_some in Hx.
Qed.

Lemma those_put {A} K i (z : A) l : forall j, K (j + i) = false -> those K j (put i z l) = those K j l.
Proof.
  revert i. induction l as [|x l IH]; intros [|i] j H; simpl; try easy.
  - rewrite Nat.add_0_r in H. now rewrite H.
  - rewrite IH; [easy|]. now rewrite Nat.add_succ_r in H.
Qed.

Lemma those_map {A} K (g : A -> A) l : forall j, those K j (map g l) = map g (those K j l).
Proof. induction l as [|x l IH]; intros j; simpl; [easy|]. rewrite IH. now destruct (K j). Qed.

(** What a step makes of the others. *)
Lemma others_after i y e st : exists g, (forall x, exists l, g x = with_leftovers x l /\
    forall k s, has_pair (k, s) l = true -> has_pair (k, s) (leftovers x) = true) /\
  tasks (after st i (y, e)) = put i (parted y) (map g (tasks st)).
Proof.
  assert (Hid : tasks (after st i (y, e)) = put i (parted y) (tasks st) -> exists g,
      (forall x, exists l, g x = with_leftovers x l /\
        forall k s, has_pair (k, s) l = true -> has_pair (k, s) (leftovers x) = true) /\
      tasks (after st i (y, e)) = put i (parted y) (map g (tasks st))).
  { intros ->. exists (fun x => x). split; [|now rewrite map_id]. intros x. exists (leftovers x).
    split; [now rewrite with_its_leftovers|easy]. }
  destruct e as [|s|p s|p s|c n|c n]; try (now apply Hid). exists (flush_local s). split; [|easy].
  intros x. eexists. split; [reflexivity|]. intros k r. rewrite !has_pair_true, filter_In. now intros [H _].
Qed.

Variable elsewhere : list (nat * nat).
Hypothesis they_fit : fits P Z.
Variable ls : list local.
Hypothesis is_complete : complete P elsewhere ls = true.
Hypothesis all_wait : forallb waits_for_held ls = true.

Lemma stuck_after K st st' : on_the_list elsewhere ls st -> stuck P Z K st -> step P Z st st' ->
  stuck P Z K st' /\ forall t x, K t = true -> nth_error (tasks st) t = Some x ->
    exists l, nth_error (tasks st') t = Some (with_leftovers x l).
Proof.
  intros Hl HK [i x0 [y e] Hi Ho]. rewrite forallb_forall in all_wait.
  assert (Hw : forall t x, nth_error (tasks st) t = Some x -> waits_for_held x = true).
  { intros t x Ht. apply nth_error_In in Ht. now apply all_wait, (tasks_listed _ _ _ Hl). }
  assert (HKi : K i = false).
  { destruct (K i) eqn:E; [exfalso|easy]. destruct (HK i x0 E Hi) as [_ Hs]. destruct (only_is_less K st) as (H1 & H2 & H3).
    pose proof (stopped_still (only K st) st x0 (leftovers x0) (fun _ _ H => H) H1 H2 H3 (Hw i x0 Hi) Hs) as H.
    rewrite with_its_leftovers in H. now rewrite H in Ho. }
  destruct (others_after i y e st) as (g & Hg & Ht).
  assert (Hother : forall t, K t = true -> nth_error (tasks (after st i (y, e))) t = option_map g (nth_error (tasks st) t)).
  { intros t Hk. rewrite Ht, nth_put_other by (intros ->; congruence). apply nth_error_map. }
  assert (Hsame : tasks (only K (after st i (y, e))) = map g (tasks (only K st))).
  { cbn [tasks only]. rewrite Ht, those_put by easy. apply those_map. }
  split.
  - intros t x' Hk Hx'. rewrite Hother in Hx' by easy. destruct (nth_error (tasks st) t) as [x|] eqn:Ex; [|easy].
    injection Hx' as <-. destruct (HK t x Hk Ex) as [He Hs]. destruct (Hg x) as (l & -> & Hless). split; [easy|].
    assert (Hgx : forall z, maps (g z) = maps z /\ runs (g z) = runs z /\ held (g z) = held z /\ locked (g z) = locked z)
      by (intros z; destruct (Hg z) as (l' & -> & _); easy).
    assert (Hpin : forall z p s, page_pinned (g z) p s = page_pinned z p s)
      by (intros z p s; unfold page_pinned; now destruct (Hgx z) as (-> & _)).
    apply (stopped_still (only K st)); try easy; try (now apply (Hw t)).
    + intros k m. rewrite Hsame. unfold total_held. rewrite (total_map _ g); [easy|]. intros z.
      now destruct (Hgx z) as (_ & _ & -> & _).
    + intros p. rewrite Hsame. rewrite !existsb_exists. intros (z & Hz & E). exists (g z). split; [now apply in_map|].
      unfold is_locked in *. now destruct (Hgx z) as (_ & _ & _ & ->).
    + intros s. unfold in_use. rewrite Hsame. rewrite (total_map _ g).
      * apply Nat.add_le_mono_l. destruct (keeps_mappings P s); [|lia]. apply count_as_many. intros p.
        rewrite !users_true. intros (z & Hz & E). exists (g z). split; [now apply in_map|now rewrite Hpin].
      * intros z. unfold own_slots, program_of. destruct (Hgx z) as (-> & -> & _). destruct (keeps_mappings P s); [|easy].
        f_equal. apply filter_ext. intros k. apply Hpin.
  - intros t x Hk Hx. rewrite Hother, Hx by easy. destruct (Hg x) as (l & E & _). exists l. simpl. now rewrite E.
Qed.

Variable ts : list nat.
Hypothesis programs_there : tasks_of P ts.

Theorem stuck_tasks_never_move K st st' : reachable P Z ts st -> stuck P Z K st -> continues P Z st st' ->
  stuck P Z K st' /\ forall t x, K t = true -> nth_error (tasks st) t = Some x ->
    exists l, nth_error (tasks st') t = Some (with_leftovers x l) /\ steps P Z st' (with_leftovers x l) = [].
Proof.
  intros Hre HK Hc. induction Hc as [st|st st1 st' Hs Hc IH].
  - split; [easy|]. intros t x Hk Hx. exists (leftovers x). rewrite with_its_leftovers. split; [easy|].
    destruct (HK t x Hk Hx) as [_ Hs]. destruct (only_is_less K st) as (H1 & H2 & H3).
    pose proof (every_task_is_on_the_list P elsewhere Z they_fit ls is_complete ts programs_there st Hre) as Hl.
    pose proof (stopped_still (only K st) st x (leftovers x) (fun _ _ H => H) H1 H2 H3) as H.
    rewrite with_its_leftovers in H. apply H; [|easy]. rewrite forallb_forall in all_wait. apply all_wait.
    apply (tasks_listed _ _ _ Hl). now apply nth_error_In in Hx.
  - pose proof (every_task_is_on_the_list P elsewhere Z they_fit ls is_complete ts programs_there st Hre) as Hl.
    destruct (stuck_after K st st1 Hl HK Hs) as [HK1 H1].
    destruct (IH (later P Z ts st st1 Hre Hs) HK1) as [HK' H']. split; [easy|].
    intros t x Hk Hx. destruct (H1 t x Hk Hx) as (l1 & Hx1). destruct (H' t _ Hk Hx1) as (l & Hx' & Hno).
    exists l. now split.
Qed.
End OneScenario.

(** ** What a certificate proves *)

(** All that is checked where there may be deadlocks. *)
Definition proves_nobody_starves (P : scenario) (ls : list local) (ranks : list (local * nat)) : bool :=
  complete P (mapped_on P ls) ls && everybody_lets_go P (mapped_on P ls) ranks ls && forallb (waits_for_held P) ls.

(** In a set of tasks none of which ever moves again, whatever the others do. *)
Definition is_lost (P : scenario) (Z : sizes) (st : state) (t : nat) : Prop :=
  exists K, K t = true /\ stuck P Z K st /\ forall st', continues P Z st st' ->
    stuck P Z K st' /\ forall u x, K u = true -> nth_error (tasks st) u = Some x ->
      exists l, nth_error (tasks st') u = Some (with_leftovers x l) /\ steps P Z st' (with_leftovers x l) = [].

Theorem lets_go_moves_or_is_lost (P : scenario) (ls : list local) (ranks : list (local * nat)) :
  proves_nobody_starves P ls ranks = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> forall st, reachable P Z ts st ->
  forall t x, nth_error (tasks st) t = Some x -> ended x = false ->
  can_move_later P Z st t \/ exists st', continues P Z st st' /\ is_lost P Z st' t.
Proof.
  intros H Z ts Hz Hts st Hst t x Ht He. unfold proves_nobody_starves in H. rewrite !andb_true_iff in H.
  destruct H as [[Hc Hg] Hw].
  destruct (lets_go_moves_or_is_stuck P _ ranks Z Hz ls Hc Hg ts Hts t st x Hst Ht He)
    as (st' & y & Hcont & Hre & Hy & [Hm|(K & HK & Ek)]); [left; now exists st', y|right].
  exists st'. split; [easy|]. exists K. split; [easy|]. split; [easy|]. intros st'' H''.
  exact (stuck_tasks_never_move P Z _ Hz ls Hc Hw ts Hts K st' st'' Hre HK H'').
Qed.
