(** * Scenarios with loops: nobody starves where everybody lets go

    About Scenario.v. Proves, of docs/proofs.md, "Letting go": if [everybody_lets_go] says yes to the
    numbers that a certificate gives to local states, then from each state of each run each task that
    has not ended can move on some continuation, or is in a stuck set at the end of one
    ([lets_go_moves_or_is_stuck]). So with a certificate that there is no stuck set, nobody starves
    ([ordered_nobody_starves], [equations_nobody_starves]). Any number of tasks, slots and units.

    A task has let go when it has no pin, and no lock or page lock but its own. A number says how many steps it
    takes at most: in each situation in which the task can move, it can move to where it takes fewer. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant SlotsInvariant Closed HoldersInvariant Ordered Ends
  ScenarioEquations ScenarioCore.
Import ListNotations.

Section OneScenario.
Variable P : scenario.
Variable elsewhere : list (nat * nat).
Variable ranks : list (local * nat).

(** Nothing that others could lack: no pin, and no lock or page lock that is not its own. *)
Definition is_own (p : name) : bool := match p with Own _ => true | Shared _ => false end.
Definition has_let_go (x : local) : bool :=
  forallb (fun m => negb (pins_a_slot m)) (maps x) && forallb (fun h => is_own (fst (fst h))) (held x) &&
  forallb is_own (locked x).

Definition rank_of (x : local) : nat := fold_right (fun e r => if local_eq x (fst e) then snd e else r) 0 ranks.
Definition steps_left (x : local) : nat := if has_let_go x then 0 else S (rank_of x).
Definition is_nearer (x y : local) : bool := steps_left (parted y) <? steps_left x.

(** By a way that it always has, or by each that it may have to take. *)
Definition gets_where (near : local -> bool) (x : local) : bool :=
  existsb (fun w => is_certain P elsewhere x w && near (fst (snd w))) (ways P x) ||
  forallb (fun w => negb (can_be P elsewhere x w) || near (fst (snd w))) (ways P x) &&
  (goes_on P elsewhere x || forallb (fun o => near (fst o)) (otherwise P x)).
Definition gets_nearer (x : local) : bool := gets_where (is_nearer x) x.

Definition not_farther_when_flushed (x : local) : bool :=
  forallb (fun s => rank_of (flush_local s x) <=? rank_of x) (seq 0 (length (all_series P))).

(** What waits for a slot may flush. *)
Definition waits_with_flush (x : local) : bool :=
  match otherwise P x with
  | [] => forallb (fun o => match o with TryKmap _ _ false => false | _ => true end) (calls P x)
  | _ => true
  end.

Definition lets_go (x : local) : bool :=
  waits_with_flush x && (has_let_go x || negb (ended x) && not_farther_when_flushed x && gets_nearer x).
Definition everybody_lets_go (ls : list local) : bool := forallb lets_go ls.

(** ** A set of tasks beside others that have nothing *)

Section Beside.
Variable Z : sizes.
Variable K : nat -> bool.
Variable st : state.
Hypothesis others_have_nothing : forall j z, nth_error (tasks st) j = Some z -> K j = false -> has_let_go z = true.

Lemma those_total f : (forall z, has_let_go z = true -> f z = 0) -> total f (those K 0 (tasks st)) = total f (tasks st).
Proof.
  intros Hf.
  assert (H : forall l i, (forall j z, nth_error l j = Some z -> K (i + j) = false -> has_let_go z = true) ->
      total f (those K i l) = total f l).
  { unfold total. induction l as [|x l IH]; intros i H; [easy|].
    assert (IH' := IH (S i) (fun j z Hj Hk => H (S j) z Hj ltac:(now rewrite Nat.add_succ_r))).
    simpl. destruct (K i) eqn:E; simpl; rewrite IH'; [easy|].
    rewrite (Hf x); [easy|]. apply (H 0 x); [easy|]. now rewrite Nat.add_0_r. }
  now apply H.
Qed.

Lemma those_exist f : (forall z, has_let_go z = true -> f z = false) ->
  existsb f (those K 0 (tasks st)) = existsb f (tasks st).
Proof.
  intros Hf.
  assert (H : forall l i, (forall j z, nth_error l j = Some z -> K (i + j) = false -> has_let_go z = true) ->
      existsb f (those K i l) = existsb f l).
  { induction l as [|x l IH]; intros i H; [easy|].
    assert (IH' := IH (S i) (fun j z Hj Hk => H (S j) z Hj ltac:(now rewrite Nat.add_succ_r))).
    simpl. destruct (K i) eqn:E; simpl; rewrite IH'; [easy|].
    rewrite (Hf x); [easy|]. apply (H 0 x); [easy|]. now rewrite Nat.add_0_r. }
  now apply H.
Qed.

Lemma no_pin_found f z : has_let_go z = true -> (forall m, f m = true -> pins_a_slot m = true) ->
  filter f (maps z) = [].
Proof.
  intros H Hf. unfold has_let_go in H. rewrite !andb_true_iff in H. destruct H as [[H _] _].
  induction (maps z) as [|m l IH]; [easy|]. simpl in H |- *. apply andb_true_iff in H as [Hm H].
  destruct (f m) eqn:E; [|now apply IH]. rewrite (Hf m E) in Hm. easy.
Qed.

Lemma nothing_pinned z p s : has_let_go z = true -> page_pinned z p s = false.
Proof.
  intros H. unfold page_pinned. rewrite existsb_counted, (no_pin_found _ z H); [easy|].
  now intros [q a r|q|q t|q].
Qed.

Lemma nothing_held z l m : has_let_go z = true -> amount (Shared l, m) (held z) = 0.
Proof.
  intros H. unfold has_let_go in H. rewrite !andb_true_iff in H. destruct H as [[_ H] _].
  induction (held z) as [|[[k j] n] r IH]; [easy|]. simpl in H |- *. apply andb_true_iff in H as [Hk H].
  rewrite (IH H). destruct k as [k|k]; [easy|]. now destruct (is_held (Shared l, m) (Own k, j)) eqn:E;
    [apply is_held_true in E|].
Qed.

Lemma nothing_locked z p : has_let_go z = true -> is_locked z (Shared p) = false.
Proof.
  intros H. unfold has_let_go in H. rewrite !andb_true_iff in H. destruct H as [_ H]. unfold is_locked.
  induction (locked z) as [|q l IH]; [easy|]. simpl in H |- *. apply andb_true_iff in H as [Hq H].
  rewrite (IH H). now destruct q.
Qed.

Lemma same_in_use s : in_use P (only K st) s = in_use P st s.
Proof.
  unfold in_use. simpl. rewrite those_total.
  - f_equal. destruct (keeps_mappings P s); [|easy]. f_equal. apply filter_ext. intros p. unfold users.
    apply those_exist. intros z Hz. now apply nothing_pinned.
  - intros z Hz. unfold own_slots. destruct (keeps_mappings P s).
    + induction (seq 0 (length (own_pages (program_of P z)))) as [|i l IH]; [easy|]. cbn [filter].
      now rewrite nothing_pinned.
    + rewrite (no_pin_found _ z Hz); [easy|]. now intros [q a r|q|q t|q].
Qed.

Lemma same_held l m : total_held (those K 0 (tasks st)) (Shared l) m = total_held (tasks st) (Shared l) m.
Proof. unfold total_held. apply those_total. intros z Hz. now apply nothing_held. Qed.

(** What a wait may be for, but for mappings and free slots. *)
Definition is_of_others (c : condition) : bool :=
  match c with Mapped _ _ | Unmapped _ _ | SlotFree _ | SomeStale _ => false | _ => true end.

Lemma same_condition x c : is_of_others c = true -> is_so P Z (only K st) x c = is_so P Z st x c.
Proof.
  destruct c as [[l|l] m|[l|l] n|[p|p]|p s|p s|s k|s|s|c n|c n]; intros Hc; try easy; cbn [is_so].
  - now rewrite <- same_held.
  - now rewrite <- same_held.
  - f_equal. apply those_exist. intros z Hz. now apply nothing_locked.
  - now rewrite same_in_use.
Qed.

Lemma still_mapped x p s : is_so P Z (only K st) x (Mapped p s) = true -> is_so P Z st x (Mapped p s) = true.
Proof.
  destruct p as [p|p]; simpl; [|easy]. rewrite orb_false_r. rewrite those_exist; [now intros ->|].
  intros z Hz. now apply nothing_pinned.
Qed.

Lemma kmap_waits_too x p s : (forall v, In v (kmap_ways P x p s true) -> impossible P Z st x v) ->
  forall v, In v (kmap_ways P x p s true) -> impossible P Z (only K st) x v.
Proof.
  intros Hi v Hv. unfold impossible. destruct (forallb _ (fst v)) eqn:E; [exfalso|easy].
  destruct (in_low_memory (page_of P x p)) eqn:El.
  - specialize (Hi v Hv). unfold kmap_ways in Hv. rewrite El in Hv. now destruct Hv as [<-|[]].
  - pose proof (kmap_full P Z st x p s El Hi) as Hfull.
    assert (Hno : forall kept, kept = (if has_pin x s then 0 else for_holders (series_of P s)) ->
        is_so P Z (only K st) x (FewerInUse s kept) = true -> False).
    { intros kept -> H. rewrite same_condition in H by easy. simpl in H. apply Nat.ltb_lt in H. lia. }
    pose proof Hv as Hv'. unfold kmap_ways in Hv'. rewrite El in Hv'. apply in_app_iff in Hv' as [H|[H|[H|[]]]].
    + apply in_map_iff in H as (lies & <- & _). specialize (Hi _ Hv). unfold impossible in Hi.
      cbn [fst forallb] in Hi, E. rewrite andb_true_r in Hi, E. apply still_mapped in E. congruence.
    + subst v. cbn [fst forallb] in E. apply andb_true_iff in E as [E _]. exact (Hno _ eq_refl E).
    + subst v. cbn [fst forallb] in E. apply andb_true_iff in E as [E _]. exact (Hno _ eq_refl E).
Qed.

Lemma waits_too x o : match o with TryKmap _ _ false => false | _ => true end = true ->
  (forall v, In v (operation_ways P x o) -> impossible P Z st x v) ->
  forall v, In v (operation_ways P x o) -> impossible P Z (only K st) x v.
Proof.
  intros Ho Hi.
  assert (Hsame : (forall v, In v (operation_ways P x o) -> forallb is_of_others (fst v) = true) ->
      forall v, In v (operation_ways P x o) -> impossible P Z (only K st) x v).
  { intros H v Hv. specialize (Hi v Hv). specialize (H v Hv). unfold impossible in *. rewrite <- Hi.
    clear Hi Hv. induction (fst v) as [|c l IH]; [easy|]. simpl in H. apply andb_true_iff in H as [Hc H].
    simpl. now rewrite (IH H), (same_condition x c Hc). }
  destruct o as [p s|p s []| | | | | | |l m n|l m n|l m n|p|p|p|c n|c n|c n| | |];
    try (now apply kmap_waits_too); try easy; apply Hsame; simpl; try (now intros v [<-|[]]); try easy;
    unfold acquire_ways; intros v [<-|[]]; now destruct m.
Qed.

Lemma stays_stopped x : waits_with_flush x = true -> steps P Z st x = [] -> steps P Z (only K st) x = [].
Proof.
  intros Hw Hs. unfold steps in *. destruct (possible_ways P Z st x) as [|w l] eqn:Ep; [|easy].
  destruct (possible_ways P Z (only K st) x) as [|w l] eqn:Eo; [easy|exfalso].
  assert (Hin : In w (possible_ways P Z (only K st) x)) by (rewrite Eo; now left).
  unfold possible_ways in Hin. apply filter_In in Hin as [Hin Hso].
  unfold waits_with_flush in Hw. rewrite Hs, forallb_forall in Hw.
  assert (Hcall : forall o v, In o (calls P x) -> o <> Choose -> In v (operation_ways P x o) -> fst w = fst v -> False).
  { intros o v Ho Hne Hv Ef. pose proof (waits_too x o (Hw o Ho) (calls_impossible P Z st x o Ep Ho Hne) v Hv) as H.
    unfold impossible in H. rewrite <- Ef in H. congruence. }
  assert (Hfree : fst w = [] -> False).
  { intros Ef. assert (H : In w (possible_ways P Z st x)) by (apply filter_In; split; [easy|now rewrite Ef]).
    now rewrite Ep in H. }
  unfold calls in Hcall. unfold ways in Hin.
  destruct (at_node x) as [a|]; [|easy]. destruct (node_at P x a) as [d|]; [|easy].
  destruct (does d) eqn:Ed;
    try (apply in_map_iff in Hin as (v & <- & Hv); refine (Hcall _ v (or_introl eq_refl) _ Hv eq_refl); congruence).
  - apply in_map_iff in Hin as (b & <- & _). now apply Hfree.
  - apply in_flat_map in Hin as ([b|] & Hb & Hin); [|easy]. destruct (node_at P x b) as [f|] eqn:Ef; [|easy].
    apply in_map_iff in Hin as (v & <- & Hv). apply (Hcall (does f) v); [|intros E; now rewrite E in Hv|easy|easy].
    apply in_flat_map. exists (Some b). split; [easy|]. rewrite Ef. now left.
Qed.
End Beside.

(** ** Letting go *)

Variable Z : sizes.
Hypothesis they_fit : fits P Z.
Variable ls : list local.
Hypothesis is_complete : complete P elsewhere ls = true.
Hypothesis all_let_go : everybody_lets_go ls = true.

Lemma listed_lets_go x : In x ls -> waits_with_flush x = true /\ (has_let_go x = false ->
  ended x = false /\ not_farther_when_flushed x = true /\ gets_nearer x = true).
Proof.
  intros Hx. unfold everybody_lets_go in all_let_go. rewrite forallb_forall in all_let_go.
  specialize (all_let_go x Hx). unfold lets_go in all_let_go. apply andb_true_iff in all_let_go as [Hw H].
  split; [easy|]. intros Hn. rewrite Hn in H. simpl in H. rewrite !andb_true_iff, negb_true_iff in H. now destruct H as [[? ?] ?].
Qed.

Lemma step_where near st x : sound P Z st -> on_the_list elsewhere ls st -> In x (tasks st) ->
  gets_where near x = true -> steps P Z st x <> [] -> exists o, In o (steps P Z st x) /\ near (fst o) = true.
Proof.
  intros Hsound Hst Hx Hg Hs.
  assert (Hway : forall w, In w (possible_ways P Z st x) -> In (snd w) (steps P Z st x)).
  { intros w Hw. unfold steps. destruct (possible_ways P Z st x) eqn:E; [easy|]. rewrite <- E in *. now apply in_map. }
  unfold gets_where in Hg. apply orb_true_iff in Hg as [Hg|Hg].
  - apply existsb_exists in Hg as (w & Hw & Hg). apply andb_true_iff in Hg as [Hc Hg].
    exists (snd w). split; [|easy]. apply Hway, filter_In. split; [easy|]. apply forallb_forall. intros c Hc'.
    unfold is_certain in Hc. rewrite forallb_forall in Hc. apply (must_is_so P elsewhere Z st x); auto.
  - apply andb_true_iff in Hg as [Hg Ho]. rewrite forallb_forall in Hg.
    destruct (possible_ways P Z st x) as [|w l] eqn:Ep.
    + assert (Hng : goes_on P elsewhere x = false).
      { destruct (goes_on P elsewhere x) eqn:E; [|easy]. now apply (goes_on_steps P elsewhere Z st x Hsound Hx) in E. }
      rewrite Hng in Ho. simpl in Ho. rewrite forallb_forall in Ho. unfold steps in *. rewrite Ep in *.
      destruct (otherwise P x) as [|o l] eqn:Eo; [easy|]. exists o. split; [now left|]. apply Ho. now left.
    + exists (snd w). split; [apply Hway; now left|].
      assert (Hin : In w (possible_ways P Z st x)) by (rewrite Ep; now left).
      unfold possible_ways in Hin. apply filter_In in Hin as [Hin Hso]. rewrite forallb_forall in Hso.
      specialize (Hg w Hin). assert (Hc : can_be P elsewhere x w = true).
      { apply forallb_forall. intros k Hk. apply (is_so_may P elsewhere Z they_fit ls is_complete st); auto. }
      rewrite Hc in Hg. exact Hg.
Qed.

(** Who has something and can move can come nearer. *)
Lemma nearer_step st x : sound P Z st -> on_the_list elsewhere ls st -> In x (tasks st) -> has_let_go x = false ->
  steps P Z st x <> [] -> exists o, In o (steps P Z st x) /\ steps_left (parted (fst o)) < steps_left x.
Proof.
  intros Hsound Hst Hx Hn Hs. destruct (listed_lets_go x (tasks_listed _ _ _ Hst x Hx)) as [_ H].
  destruct (H Hn) as (_ & _ & Hg). destruct (step_where _ st x Hsound Hst Hx Hg Hs) as (o & Ho & Hnear).
  exists o. split; [easy|]. now apply Nat.ltb_lt.
Qed.

Lemma total_put_le f g i (y : local) ts : (forall u, In u ts -> f (g u) <= f u) ->
  total f (put i y (map g ts)) <= total f (put i y ts).
Proof.
  unfold total. revert i. induction ts as [|x ts IH]; intros [|i] H; simpl; try lia.
  - assert (fold_right (fun x n => f x + n) 0 (map g ts) <= fold_right (fun x n => f x + n) 0 ts); [|lia].
    clear IH. induction ts as [|u ts IH]; simpl; [lia|]. pose proof (H u (or_intror (or_introl eq_refl))).
    assert (fold_right (fun x n => f x + n) 0 (map g ts) <= fold_right (fun x n => f x + n) 0 ts); [|lia].
    apply IH. intros v [->|Hv]; apply H; [now left|right; now right].
  - specialize (IH i (fun u Hu => H u (or_intror Hu))). specialize (H x (or_introl eq_refl)). lia.
Qed.

Lemma flushed_no_farther x s : In x ls -> s < length (all_series P) -> steps_left (flush_local s x) <= steps_left x.
Proof.
  intros Hx Hs. unfold steps_left. change (has_let_go (flush_local s x)) with (has_let_go x).
  destruct (has_let_go x) eqn:En; [lia|]. destruct (listed_lets_go x Hx) as [_ H]. destruct (H En) as (_ & Hf & _).
  unfold not_farther_when_flushed in Hf. rewrite forallb_forall in Hf. specialize (Hf s). rewrite in_seq in Hf.
  specialize (Hf ltac:(lia)). apply Nat.leb_le in Hf. lia.
Qed.

Lemma nearer_after st i x o : sound P Z st -> on_the_list elsewhere ls st -> nth_error (tasks st) i = Some x ->
  In o (steps P Z st x) -> steps_left (parted (fst o)) < steps_left x ->
  total steps_left (tasks (after st i o)) < total steps_left (tasks st).
Proof.
  intros Hsound Hst Hi Ho Hn. destruct o as [y e]. simpl in Hn.
  assert (H : total steps_left (tasks (after st i (y, e))) <= total steps_left (put i (parted y) (tasks st))).
  { simpl. destruct e as [|s|p s|p s|c n|c n]; try easy. apply total_put_le. intros u Hu.
    apply flushed_no_farther; [now apply (tasks_listed _ _ _ Hst)|].
    pose proof (nth_error_In _ _ Hi) as Hx.
    destruct (steps_listed P elsewhere Z they_fit ls is_complete st x _ Hsound Hst Hx Ho) as [_ [(c & Hw)|He]]; [|easy].
    pose proof (listed_closed P elsewhere ls is_complete x (tasks_listed _ _ _ Hst x Hx)) as Hc. unfold closed_at in Hc.
    rewrite !andb_true_iff in Hc. destruct Hc as [[_ Hc] _]. rewrite forallb_forall in Hc. specialize (Hc _ Hw).
    now apply Nat.ltb_lt in Hc. }
  pose proof (total_put_eq steps_left i x (parted y) (tasks st) Hi). lia.
Qed.

Lemma nth_put_other {A} i j (y : A) l : i <> j -> nth_error (put i y l) j = nth_error l j.
Proof.
  revert i j. induction l as [|x l IH]; intros [|i] [|j] H; simpl; try easy. apply IH. congruence.
Qed.

Variable ts : list nat.
Hypothesis programs_there : tasks_of P ts.

(** Others let go, until the task can move or none of those who have something can. *)
Lemma others_let_go t : forall n st x, total steps_left (tasks st) = n -> reachable P Z ts st ->
  nth_error (tasks st) t = Some x -> ended x = false ->
  exists st' y, continues P Z st st' /\ reachable P Z ts st' /\ nth_error (tasks st') t = Some y /\ ended y = false /\
    (steps P Z st' y <> [] \/
     steps P Z st' y = [] /\ forall z, In z (tasks st') -> has_let_go z = false -> steps P Z st' z = []).
Proof.
  induction n as [n IH] using lt_wf_ind. intros st x En Hst Ht He.
  destruct (steps P Z st x) as [|o l] eqn:Es.
  2:{ exists st, x. split; [apply stays|]. repeat split; try easy. left. now rewrite Es. }
  pose (moves := fun z => negb (has_let_go z) && match steps P Z st z with [] => false | _ => true end).
  destruct (existsb moves (tasks st)) eqn:Em.
  - apply existsb_exists in Em as (z & Hz & Em). apply andb_true_iff in Em as [Hn Hs]. apply negb_true_iff in Hn.
    pose proof (runs_are_sound P Z ts st Hst) as Hsound.
    pose proof (every_task_is_on_the_list P elsewhere Z they_fit ls is_complete ts programs_there st Hst) as Hl.
    destruct (nearer_step st z Hsound Hl Hz Hn) as (o & Ho & Hnear); [now intros H; rewrite H in Hs|].
    apply In_nth_error in Hz as (i & Hi). pose proof (nearer_after st i z o Hsound Hl Hi Ho Hnear) as Hless.
    assert (Hstep : step P Z st (after st i o)) by now apply (step_of P Z st i z).
    assert (Hit : i <> t) by (intros ->; rewrite Ht in Hi; injection Hi as <-; now rewrite Es in Ho).
    assert (Hx' : exists x', nth_error (tasks (after st i o)) t = Some x' /\ ended x' = false).
    { destruct o as [y e]. simpl. rewrite nth_put_other by easy. destruct e as [|s|p s|p s|c k|c k]; eauto.
      exists (flush_local s x). split; [now apply map_nth_error|easy]. }
    destruct Hx' as (x' & Hx' & He').
    destruct (IH _ ltac:(rewrite <- En; exact Hless) (after st i o) x' eq_refl) as (st' & y & Hc & H); try easy.
    { now apply (later P Z ts st). }
    exists st', y. split; [now apply (goes_on_to P Z st (after st i o))|easy].
  - exists st, x. split; [apply stays|]. repeat split; try easy. right. split; [easy|]. intros z Hz Hn.
    destruct (steps P Z st z) as [|o l] eqn:E; [easy|]. assert (existsb moves (tasks st) = true); [|congruence].
    apply existsb_exists. exists z. split; [easy|]. unfold moves. now rewrite Hn, E.
Qed.

Theorem lets_go_moves_or_is_stuck t st x : reachable P Z ts st -> nth_error (tasks st) t = Some x -> ended x = false ->
  exists st' y, continues P Z st st' /\ reachable P Z ts st' /\ nth_error (tasks st') t = Some y /\
    (steps P Z st' y <> [] \/ exists K, stuck P Z K st' /\ K t = true).
Proof.
  intros Hst Ht He. destruct (others_let_go t _ st x eq_refl Hst Ht He) as (st' & y & Hc & Hre & Hy & Hey & H).
  exists st', y. split; [easy|]. split; [easy|]. split; [easy|]. destruct H as [H|[Hno H]]; [now left|right].
  pose proof (every_task_is_on_the_list P elsewhere Z they_fit ls is_complete ts programs_there st' Hre) as Hl.
  set (K := fun j => match nth_error (tasks st') j with Some z => negb (has_let_go z) || (j =? t) | None => false end).
  exists K. split; [|unfold K; rewrite Hy, Nat.eqb_refl; apply orb_true_r].
  intros j z Hk Hj. unfold K in Hk. rewrite Hj in Hk. pose proof (nth_error_In _ _ Hj) as Hz.
  destruct (listed_lets_go z (tasks_listed _ _ _ Hl z Hz)) as [Hw Hd].
  assert (Hstop : ended z = false /\ steps P Z st' z = []).
  { apply orb_true_iff in Hk as [Hk|Hk].
    - apply negb_true_iff in Hk. split; [now apply Hd|now apply H].
    - apply Nat.eqb_eq in Hk as ->. rewrite Hy in Hj. injection Hj as <-. now split. }
  split; [easy|]. apply stays_stopped; [|easy|easy].
  intros i u Hi Hku. unfold K in Hku. rewrite Hi in Hku. apply orb_false_iff in Hku as [Hku _].
  now apply negb_false_iff in Hku.
Qed.
End OneScenario.

(** ** What a certificate proves *)

Definition can_move_later (P : scenario) (Z : sizes) (st : state) (t : nat) : Prop :=
  exists st' y, continues P Z st st' /\ nth_error (tasks st') t = Some y /\ steps P Z st' y <> [].

Theorem ordered_nobody_starves (P : scenario) (ls : list local) (order : list wanted) (ranks : list (local * nat)) :
  proves_no_deadlock P ls order = true -> everybody_lets_go P (mapped_on P ls) ranks ls = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> forall st, reachable P Z ts st ->
  forall t x, nth_error (tasks st) t = Some x -> ended x = false -> can_move_later P Z st t.
Proof.
  intros H Hg Z ts Hz Hts st Hst t x Ht He. pose proof H as H'. apply andb_true_iff in H' as [Hc _].
  destruct (lets_go_moves_or_is_stuck P _ ranks Z Hz ls Hc Hg ts Hts t st x Hst Ht He)
    as (st' & y & Hcont & Hre & Hy & [Hm|(K & HK & Ek)]); [now exists st', y|exfalso].
  pose proof (checked_never_stuck P ls order H Z ts Hz Hts st' Hre K HK t y Hy). congruence.
Qed.

Theorem equations_nobody_starves (P : scenario) (instances : nat -> option nat) (ls : list local) (ks : list knot)
    (ranks : list (local * nat)) :
  proves_by_equations P instances ls ks = true -> everybody_lets_go P (mapped_on P ls) ranks ls = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> within_instances instances ts -> forall st, reachable P Z ts st ->
  forall t x, nth_error (tasks st) t = Some x -> ended x = false -> can_move_later P Z st t.
Proof.
  intros H Hg Z ts Hz Hts Hfew st Hst t x Ht He. pose proof H as H'. unfold proves_by_equations in H'.
  rewrite !andb_true_iff in H'. destruct H' as [[[Hc _] _] _].
  destruct (lets_go_moves_or_is_stuck P _ ranks Z Hz ls Hc Hg ts Hts t st x Hst Ht He)
    as (st' & y & Hcont & Hre & Hy & [Hm|(K & HK & Ek)]); [now exists st', y|exfalso].
  pose proof (equations_never_stuck P instances ls ks H Z ts Hz Hts Hfew st' Hre K HK t y Hy). congruence.
Qed.
