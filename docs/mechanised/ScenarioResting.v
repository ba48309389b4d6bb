(** * Scenarios with loops: nobody starves where everybody comes to rest

    About Scenario.v. Proves, of docs/proofs.md, "Coming to rest": if [everybody_rests] says yes to some
    waits for what anybody may give, and to the numbers that a certificate gives to local states, then
    from each state of each run each task that has not ended can move on some continuation, or some
    continuation comes to a state in which nobody can move ([rests_moves_or_all_stop]). So there may be
    deadlocks, but nobody starves. Any number of tasks, slots and units.

    A task is at rest at its end and at one of these waits. From there on it gives nothing of what is
    awaited at any of them; the check is given the operations that may come behind them, and looks. *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import Scenario UnitsInvariant SlotsInvariant Closed Ordered Ends ScenarioLettingGo.
Import ListNotations.

Section OneScenario.
Variable P : scenario.
Variable elsewhere : list (nat * nat).
Variable ranks : list (local * nat).
(** Operations at which tasks rest, each with its task program; those that may come behind; and the
    completions and units that are awaited at rest. *)
Variables resting behind : list (nat * nat).
Variable awaited : list nat.

Definition is_at (l : list (nat * nat)) (x : local) : bool :=
  match at_node x with None => true | Some a => has_pair (runs x, a) l end.
Definition rests (x : local) : bool := is_at resting x.
Definition has_rested (x : local) : bool := is_at behind x.
Definition is_awaited (c : nat) : bool := existsb (Nat.eqb c) awaited.

(** Each way that a wait at rest ends takes something. *)
Definition takes_some (w : way) : bool :=
  match snd (snd w) with
  | Takes c n => is_awaited c && (0 <? n) && existsb (fun k => match k with
    | Counted d m => (d =? c) && (n <=? m) | _ => false end) (fst w)
  | _ => false
  end.
Definition only_takes (x : local) : bool :=
  match otherwise P x with [] => forallb takes_some (ways P x) | _ => false end.

Definition gives_none (e : effect) : bool := match e with Adds c _ => negb (is_awaited c) | _ => true end.
Definition stays_behind (x : local) : bool :=
  forallb (fun w => has_rested (fst (snd w)) && gives_none (snd (snd w))) (ways P x) &&
  forallb (fun o => has_rested (fst o)) (otherwise P x).

(** How far it is to rest for the first time; and to rest again. *)
Definition to_rest (x : local) : nat := if has_rested x then 0 else S (rank_of ranks x).
Definition to_rest_again (x : local) : nat := if has_rested x && negb (rests x) then S (rank_of ranks x) else 0.
Definition is_nearer_rest (x y : local) : bool :=
  if has_rested x then to_rest_again (parted y) <? to_rest_again x else to_rest (parted y) <? to_rest x.

Definition comes_to_rest (x : local) : bool :=
  (negb (rests x) || has_rested x) && (negb (has_rested x) || stays_behind x) &&
  not_farther_when_flushed P ranks x &&
  (ended x || if rests x then only_takes x else gets_where P elsewhere (is_nearer_rest x) x).
Definition everybody_rests (ls : list local) : bool := forallb comes_to_rest ls.

(** ** Why that is right *)

Variable Z : sizes.
Hypothesis they_fit : fits P Z.
Variable ls : list local.
Hypothesis is_complete : complete P elsewhere ls = true.
Hypothesis all_rest : everybody_rests ls = true.

(** How much there is of what is awaited at rest. *)
Definition how_much (cs : list nat) : nat := fold_right (fun c n => nth c cs 0 + n) 0 awaited.

Lemma nth_change f i c l : nth c (change f i l) 0 = if (c =? i) && (i <? length l) then f (nth c l 0) else nth c l 0.
Proof.
  revert i c. induction l as [|n l IH]; intros i c.
  - rewrite andb_false_r. now destruct i.
  - destruct i as [|i], c as [|c]; try easy. simpl. now rewrite IH.
Qed.

Lemma how_much_le cs cs' : (forall c, In c awaited -> nth c cs' 0 <= nth c cs 0) -> how_much cs' <= how_much cs.
Proof.
  unfold how_much. induction awaited as [|c l IH]; intros H; simpl; [lia|].
  specialize (IH (fun d Hd => H d (or_intror Hd))). specialize (H c (or_introl eq_refl)). lia.
Qed.

Lemma how_much_less cs cs' c0 : In c0 awaited -> nth c0 cs' 0 < nth c0 cs 0 ->
  (forall c, In c awaited -> nth c cs' 0 <= nth c cs 0) -> how_much cs' < how_much cs.
Proof.
  unfold how_much. induction awaited as [|c l IH]; intros Hin Hlt H; simpl; [easy|].
  pose proof (H c (or_introl eq_refl)) as Hc. pose proof (fun d Hd => H d (or_intror Hd)) as Hl.
  destruct Hin as [->|Hin].
  - pose proof (how_much_le cs cs') as Hle. unfold how_much in Hle. clear IH.
    assert (fold_right (fun c n => nth c cs' 0 + n) 0 l <= fold_right (fun c n => nth c cs 0 + n) 0 l); [|lia].
    clear - Hl. induction l as [|d l IH]; simpl; [lia|]. specialize (IH (fun e He => Hl e (or_intror He))).
    specialize (Hl d (or_introl eq_refl)). lia.
  - specialize (IH Hin Hlt Hl). lia.
Qed.

Lemma is_awaited_true c : is_awaited c = true <-> In c awaited.
Proof.
  unfold is_awaited. rewrite existsb_exists. split.
  - intros (d & Hd & E). apply Nat.eqb_eq in E. now subst.
  - intros H. exists c. split; [easy|apply Nat.eqb_refl].
Qed.

Lemma none_given_le e cs cs' : gives_none e = true ->
  cs' = match e with Adds c n => change (fun k => k + n) c cs | Takes c n => change (fun k => k - n) c cs | _ => cs end ->
  how_much cs' <= how_much cs.
Proof.
  intros Hg ->. apply how_much_le. intros c Hc. destruct e as [|s|p s|p s|d n|d n]; try lia.
  - simpl in Hg. rewrite nth_change. destruct (c =? d) eqn:E; [|simpl; lia]. apply Nat.eqb_eq in E as ->.
    apply is_awaited_true in Hc. now rewrite Hc in Hg.
  - rewrite nth_change. destruct (_ && _); lia.
Qed.

Lemma counts_after st i y e : counts (after st i (y, e)) = match e with
  | Adds c n => change (fun k => k + n) c (counts st) | Takes c n => change (fun k => k - n) c (counts st) | _ => counts st end.
Proof. now destruct e. Qed.

Definition far (st : state) : nat := total to_rest (tasks st).
Definition far_again (st : state) : nat := total to_rest_again (tasks st).

Lemma listed_rests x : In x ls -> (rests x = true -> has_rested x = true) /\
  (has_rested x = true -> stays_behind x = true) /\ not_farther_when_flushed P ranks x = true /\
  (ended x = false -> if rests x then only_takes x = true else gets_where P elsewhere (is_nearer_rest x) x = true).
Proof.
  intros Hx. unfold everybody_rests in all_rest. rewrite forallb_forall in all_rest. specialize (all_rest x Hx).
  unfold comes_to_rest in all_rest. rewrite !andb_true_iff in all_rest. destruct all_rest as [[[H1 H2] H3] H4].
  repeat split; try easy.
  - intros E. now rewrite E in H1.
  - intros E. now rewrite E in H2.
  - intros E. rewrite E in H4. simpl in H4. now destruct (rests x).
Qed.

Lemma flushed_rank x s : In x ls -> s < length (all_series P) -> rank_of ranks (flush_local s x) <= rank_of ranks x.
Proof.
  intros Hx Hs. destruct (listed_rests x Hx) as (_ & _ & Hf & _). unfold not_farther_when_flushed in Hf.
  rewrite forallb_forall in Hf. apply Nat.leb_le, Hf, in_seq. lia.
Qed.

(** What a step makes of a sum that flushes do not raise. *)
Lemma sum_after f st i x y e : sound P Z st -> on_the_list elsewhere ls st -> nth_error (tasks st) i = Some x ->
  In (y, e) (steps P Z st x) -> (forall s u, In u ls -> s < length (all_series P) -> f (flush_local s u) <= f u) ->
  total f (tasks (after st i (y, e))) + f x <= total f (tasks st) + f (parted y).
Proof.
  intros Hsound Hst Hi Ho Hf. pose proof (nth_error_In _ _ Hi) as Hx.
  assert (H : total f (tasks (after st i (y, e))) <= total f (put i (parted y) (tasks st))).
  { simpl. destruct e as [|s|p s|p s|c n|c n]; try easy. apply total_put_le. intros u Hu.
    apply Hf; [now apply (tasks_listed _ _ _ Hst)|].
    destruct (steps_listed P elsewhere Z they_fit ls is_complete st x _ Hsound Hst Hx Ho) as [_ [(c & Hw)|He]]; [|easy].
    pose proof (listed_closed P elsewhere ls is_complete x (tasks_listed _ _ _ Hst x Hx)) as Hc. unfold closed_at in Hc.
    rewrite !andb_true_iff in Hc. destruct Hc as [[_ Hc] _]. rewrite forallb_forall in Hc. specialize (Hc _ Hw).
    now apply Nat.ltb_lt in Hc. }
  pose proof (total_put_eq f i x (parted y) (tasks st) Hi). lia.
Qed.

Lemma same_place l y : is_at l (parted y) = is_at l y.
Proof. unfold parted. destruct (ended y) eqn:E; [|easy]. easy. Qed.

(** One of those who can move, and that can come to rest, or takes what is awaited there. *)
Lemma less_to_come st i x : sound P Z st -> on_the_list elsewhere ls st -> nth_error (tasks st) i = Some x ->
  ended x = false -> steps P Z st x <> [] -> exists o, In o (steps P Z st x) /\
  let st' := after st i o in
  (far st' < far st \/ far st' <= far st /\ how_much (counts st') < how_much (counts st) \/
   far st' <= far st /\ how_much (counts st') <= how_much (counts st) /\ far_again st' < far_again st).
Proof.
  intros Hsound Hst Hi He Hs. pose proof (nth_error_In _ _ Hi) as Hx.
  destruct (listed_rests x (tasks_listed _ _ _ Hst x Hx)) as (H1 & H2 & _ & H3). specialize (H3 He).
  assert (Hfar : forall y e, In (y, e) (steps P Z st x) -> far (after st i (y, e)) + to_rest x <= far st + to_rest (parted y)).
  { intros y e Ho. apply (sum_after to_rest st i x y e Hsound Hst Hi Ho). intros s u Hu Hlt. unfold to_rest.
    change (has_rested (flush_local s u)) with (has_rested u). pose proof (flushed_rank u s Hu Hlt).
    destruct (has_rested u); lia. }
  assert (Hagain : forall y e, In (y, e) (steps P Z st x) ->
      far_again (after st i (y, e)) + to_rest_again x <= far_again st + to_rest_again (parted y)).
  { intros y e Ho. apply (sum_after to_rest_again st i x y e Hsound Hst Hi Ho). intros s u Hu Hlt. unfold to_rest_again.
    change (has_rested (flush_local s u)) with (has_rested u). change (rests (flush_local s u)) with (rests u).
    pose proof (flushed_rank u s Hu Hlt). destruct (has_rested u && negb (rests u)); lia. }
  assert (Hbehind : has_rested x = true -> forall y e, In (y, e) (steps P Z st x) ->
      to_rest x = 0 /\ to_rest (parted y) = 0 /\ how_much (counts (after st i (y, e))) <= how_much (counts st)).
  { intros Hr y e Ho. specialize (H2 Hr). unfold stays_behind in H2. apply andb_true_iff in H2 as [Hw Hn].
    rewrite forallb_forall in Hw, Hn.
    assert (Hye : has_rested y = true /\ gives_none e = true).
    { unfold steps in Ho. destruct (possible_ways P Z st x) as [|w l] eqn:Ep.
      - split; [now apply (Hn (y, e))|]. apply otherwise_no_effect in Ho. simpl in Ho. now subst e.
      - rewrite <- Ep in Ho. apply in_map_iff in Ho as ([c o] & Ev & Hv). simpl in Ev. subst o.
        unfold possible_ways in Hv. apply filter_In in Hv as [Hv _]. specialize (Hw _ Hv). simpl in Hw. now apply andb_true_iff in Hw. }
    destruct Hye as [Hy Hg]. split; [unfold to_rest; now rewrite Hr|]. split.
    - unfold to_rest, has_rested. rewrite same_place. unfold has_rested in Hy. now rewrite Hy.
    - apply (none_given_le e); [easy|apply counts_after]. }
  destruct (rests x) eqn:Er.
  - specialize (H1 eq_refl). unfold only_takes in H3. destruct (otherwise P x) eqn:Eo; [|easy].
    destruct (possible_ways P Z st x) as [|w l] eqn:Ep; [unfold steps in Hs; now rewrite Ep, Eo in Hs|].
    assert (Hin : In w (possible_ways P Z st x)) by (rewrite Ep; now left).
    exists (snd w). assert (Ho : In (snd w) (steps P Z st x)) by (unfold steps; rewrite Ep; now left).
    split; [easy|]. cbv zeta. right. left. unfold possible_ways in Hin. apply filter_In in Hin as [Hin Hso].
    rewrite forallb_forall in H3, Hso. specialize (H3 w Hin). destruct w as [cs [y e]]. simpl in Ho, H3, Hso. cbn [snd].
    unfold takes_some in H3. simpl in H3. destruct e as [|s|p s|p s|c n|c n]; try easy.
    rewrite !andb_true_iff in H3. destruct H3 as [[Ha Hn] Hc].
    destruct (Hbehind H1 y _ Ho) as (E1 & E2 & _). specialize (Hfar y _ Ho). split; [lia|].
    apply existsb_exists in Hc as (k & Hk & E). destruct k as [? ?|? ?|?|? ?|? ?|? ?|?|?|d m|? ?]; try easy.
    apply andb_true_iff in E as [Ed Em]. apply Nat.eqb_eq in Ed as ->. apply Nat.leb_le in Em. apply Nat.ltb_lt in Hn.
    specialize (Hso _ Hk). simpl in Hso. apply Nat.leb_le in Hso.
    assert (Hlen : c < length (counts st)).
    { destruct (Nat.lt_ge_cases c (length (counts st))) as [|Hge]; [easy|]. rewrite (nth_overflow (counts st) 0 Hge) in Hso. lia. }
    rewrite counts_after. apply (how_much_less _ _ c); [now apply is_awaited_true| |].
    + rewrite nth_change, Nat.eqb_refl. apply Nat.ltb_lt in Hlen. rewrite Hlen. simpl. lia.
    + intros d _. rewrite nth_change. destruct (_ && _); lia.
  - destruct (step_where P elsewhere Z they_fit ls is_complete _ st x Hsound Hst Hx H3 Hs) as ([y e] & Ho & Hn).
    exists (y, e). split; [easy|]. cbv zeta. unfold is_nearer_rest in Hn. simpl in Hn.
    specialize (Hfar y e Ho). specialize (Hagain y e Ho). destruct (has_rested x) eqn:Ex; apply Nat.ltb_lt in Hn.
    + destruct (Hbehind eq_refl y e Ho) as (E1 & E2 & E3). right. right. lia.
    + left. lia.
Qed.

Variable ts : list nat.
Hypothesis programs_there : tasks_of P ts.

Theorem rests_moves_or_all_stop t st x : reachable P Z ts st -> nth_error (tasks st) t = Some x -> ended x = false ->
  can_move_later P Z st t \/ exists st', continues P Z st st' /\ successors P Z st' = [].
Proof.
  assert (H : forall a b c st x, far st = a -> how_much (counts st) = b -> far_again st = c -> reachable P Z ts st ->
      nth_error (tasks st) t = Some x -> ended x = false ->
      can_move_later P Z st t \/ exists st', continues P Z st st' /\ successors P Z st' = []).
  2:{ intros Hst Ht He. now apply (H (far st) (how_much (counts st)) (far_again st) st x). }
  clear st x. induction a as [a IHa] using lt_wf_ind. induction b as [b IHb] using lt_wf_ind.
  induction c as [c IHc] using lt_wf_ind. intros st x Ea Eb Ec Hst Ht He.
  destruct (steps P Z st x) as [|o l] eqn:Es.
  2:{ left. exists st, x. split; [apply stays|]. split; [easy|]. now rewrite Es. }
  destruct (successors P Z st) as [|st1 l] eqn:Esucc; [right; exists st; split; [apply stays|easy]|].
  assert (Hstep : step P Z st st1) by (apply successors_are_the_steps; rewrite Esucc; now left).
  destruct Hstep as [i z o0 Hi Ho0].
  assert (Hze : ended z = false).
  { destruct (ended z) eqn:E; [|easy]. unfold ended in E. destruct (at_node z) eqn:Ez; [easy|].
    unfold steps, possible_ways, ways, otherwise in Ho0. now rewrite Ez in Ho0. }
  pose proof (runs_are_sound P Z ts st Hst) as Hsound.
  pose proof (every_task_is_on_the_list P elsewhere Z they_fit ls is_complete ts programs_there st Hst) as Hl.
  destruct (less_to_come st i z Hsound Hl Hi Hze) as (o & Ho & Hless); [now intros E; rewrite E in Ho0|].
  assert (Hit : i <> t) by (intros ->; rewrite Ht in Hi; injection Hi as <-; now rewrite Es in Ho).
  assert (Hx' : exists x', nth_error (tasks (after st i o)) t = Some x' /\ ended x' = false).
  { destruct o as [y e]. simpl. rewrite nth_put_other by easy. destruct e as [|s|p s|p s|k n|k n]; eauto.
    exists (flush_local s x). split; [now apply map_nth_error|easy]. }
  destruct Hx' as (x' & Hx' & He').
  assert (Hstep : step P Z st (after st i o)) by now apply (step_of P Z st i z).
  assert (Hre : reachable P Z ts (after st i o)) by now apply (later P Z ts st).
  assert (Hgo : can_move_later P Z (after st i o) t \/
      exists st', continues P Z (after st i o) st' /\ successors P Z st' = []).
  { cbv zeta in Hless. set (st' := after st i o) in *.
    destruct (Nat.lt_ge_cases (far st') a) as [Hlt|Hge].
    - exact (IHa _ Hlt _ _ st' x' eq_refl eq_refl eq_refl Hre Hx' He').
    - assert (Ea' : far st' = a) by lia.
      destruct (Nat.lt_ge_cases (how_much (counts st')) b) as [Hlt|Hge'].
      + exact (IHb _ Hlt _ st' x' Ea' eq_refl eq_refl Hre Hx' He').
      + assert (Hc : far_again st' < c) by lia. apply (IHc _ Hc st' x'); auto; lia. }
  destruct Hgo as [(st' & y & Hc & Hy)|(st' & Hc & Hn)].
  - left. exists st', y. split; [now apply (goes_on_to P Z st (after st i o))|easy].
  - right. exists st'. split; [now apply (goes_on_to P Z st (after st i o))|easy].
Qed.
End OneScenario.

(** ** What a certificate proves *)

Definition proves_rest (P : scenario) (ls : list local) (ranks : list (local * nat)) (resting behind : list (nat * nat))
    (awaited : list nat) : bool :=
  complete P (mapped_on P ls) ls && everybody_rests P (mapped_on P ls) ranks resting behind awaited ls.

Theorem checked_rests (P : scenario) (ls : list local) (ranks : list (local * nat)) (resting behind : list (nat * nat))
    (awaited : list nat) :
  proves_rest P ls ranks resting behind awaited = true ->
  forall Z ts, fits P Z -> tasks_of P ts -> forall st, reachable P Z ts st ->
  forall t x, nth_error (tasks st) t = Some x -> ended x = false ->
  can_move_later P Z st t \/ exists st', continues P Z st st' /\ successors P Z st' = [].
Proof.
  intros H Z ts Hz Hts st Hst t x Ht He. apply andb_true_iff in H as [Hc Hr].
  exact (rests_moves_or_all_stop P _ ranks resting behind awaited Z Hz ls Hc Hr ts Hts t st x Hst Ht He).
Qed.
