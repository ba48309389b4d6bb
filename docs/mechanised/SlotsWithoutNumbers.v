(** * A slot needs no number

    The allocator has slots with numbers (Allocator.v, KmapTables.v), docs/semantics.md only counts
    them, as Kmap.v does: slots in use, stale mappings, free slots. For a series with the policy
    [own] that keeps no slots for holders:

    - [one_kmap_is_a_step_of_the_semantics]: what a kmap may do to the slots in one step, Kmap.v
      allows, and afterwards the tables show the state that it comes to;
    - [waiting_is_the_same]: a kmap has to wait on the slots exactly if it has to by the semantics;
    - [one_kunmap_is_a_step_of_the_semantics]: the same for a kunmap of a page that is pinned.

    AllocatorRuns.v puts this together with Allocator.v. *)

From Coq Require Import List Arith Bool Lia Permutation.
From Kmapcheck Require Import KmapTables Kmap.
Import ListNotations.

Section Slots.
Context {W : kernel}.
Notation P := (page W).
Variable r : series W.
Hypothesis keeps_its_own : reuse W r = ReuseOwn.
Hypothesis none_kept : kept_for_holders W r = 0.

Notation number := (slots W r).
Notation like := (like number).
Notation one_kmap := (one_kmap (same_page W) number).
Notation one_kunmap := (one_kunmap number).

Definition of_it (p : P) (i : pin W) : bool := is_page p (of_page i) && is_series r (lies_in i).
(** How many pins of the page lie in the series. *)
Definition users (l : list (pin W)) (p : P) : nat := length (filter (of_it p) l).

(** The tables show the state: a mapping with [n] users has a count of [n + 1]. *)
Record shows (b : tables P) (l : list (pin W)) (st : list (P * series W)) : Prop := {
  counted : forall i p, i < number -> holds_page b i = Some p -> count b i = S (users l p);
  free_is_empty : forall i, i < number -> (count b i = 0 <-> holds_page b i = None);
  one_slot : forall i j p, i < number -> j < number ->
    holds_page b i = Some p -> holds_page b j = Some p -> i = j;
  pinned_is_mapped : forall p, 0 < users l p -> exists i, i < number /\ holds_page b i = Some p;
  stale_is_mapped : forall p, In (p, r) st <-> exists i, i < number /\ holds_page b i = Some p /\ count b i = 1;
  stale_once : NoDup (map fst (filter (fun m => is_series r (snd m)) st))
}.

Lemma shows_like b c l st : like b c -> shows b l st -> shows c l st.
Proof.
  intros H [H1 H2 H3 H4 H5 H6]. split; auto.
  - intros i p Hi Hp. destruct (H i Hi) as [E1 E2]. rewrite <- E1. apply H1; congruence.
  - intros i Hi. destruct (H i Hi) as [<- <-]. auto.
  - intros i j p Hi Hj Hp Hq. destruct (H i Hi) as [_ E1]. destruct (H j Hj) as [_ E2].
    apply (H3 i j p); congruence.
  - intros p Hp. destruct (H4 p Hp) as (i & Hi & E). exists i. destruct (H i Hi) as [_ <-]. auto.
  - intros p. rewrite H5. split; intros (i & Hi & E & Ec); exists i; destruct (H i Hi) as [E1 E2]; repeat split; congruence.
Qed.

(** ** Numbers of slots *)

Definition slots_with (f : nat -> bool) (b : tables P) : list nat := filter (fun i => f (count b i)) (seq 0 number).

Lemma slots_with_in f b i : In i (slots_with f b) <-> i < number /\ f (count b i) = true.
Proof. unfold slots_with. rewrite filter_In, in_seq. split; intros [? ?]; split; auto; lia. Qed.

(** Distinct pages, each in one of these slots, and each of these slots with one of these pages. *)
Lemma as_many_slots_as_pages b l st f (pages : list P) : shows b l st -> NoDup pages ->
  (forall p, In p pages <-> exists i, i < number /\ holds_page b i = Some p /\ f (count b i) = true) ->
  (forall i, i < number -> f (count b i) = true -> count b i <> 0) ->
  length pages = length (slots_with f b).
Proof.
  intros Hs Hnd Hp Hf. rewrite <- (map_length Some pages), <- (map_length (holds_page b) (slots_with f b)).
  apply Permutation_length, NoDup_Permutation.
  - clear Hp. induction Hnd as [|p pages Hin _ IH]; simpl; constructor; auto.
    intros H. apply in_map_iff in H as (q & E & Hq). now injection E as ->.
  - assert (H : forall m, NoDup m -> (forall i, In i m -> i < number /\ f (count b i) = true) ->
        NoDup (map (holds_page b) m)).
    { induction 1 as [|i m Hi _ IH]; simpl; intros Hm; constructor.
      - intros H. apply in_map_iff in H as (j & E & Hj).
        destruct (Hm i (or_introl eq_refl)) as [Hni Hfi]. destruct (Hm j (or_intror Hj)) as [Hnj _].
        destruct (holds_page b i) as [p|] eqn:Ei.
        + apply Hi. now rewrite (one_slot b l st Hs i j p Hni Hnj Ei E).
        + apply (free_is_empty b l st Hs i Hni) in Ei. now apply (Hf i Hni Hfi).
      - apply IH. intros j Hj. apply Hm. now right. }
    apply H; [apply NoDup_filter, seq_NoDup|]. intros i Hi. now apply slots_with_in.
  - intros o. rewrite !in_map_iff. split.
    + intros (p & <- & Hin). apply Hp in Hin as (i & Hi & E & Hc). exists i. split; [easy|]. now apply slots_with_in.
    + intros (i & <- & Hi). apply slots_with_in in Hi as [Hi Hc]. destruct (holds_page b i) as [p|] eqn:E.
      * exists p. split; [easy|]. apply Hp. eauto.
      * apply (free_is_empty b l st Hs i Hi) in E. now destruct (Hf i Hi Hc).
Qed.

Lemma keeps : keeps_mappings r = true.
Proof. unfold keeps_mappings. now rewrite keeps_its_own. Qed.

Lemma users_positive l p : 0 < users l p <-> exists i, In i l /\ of_page i = p /\ lies_in i = r.
Proof.
  unfold users. split.
  - intros H. destruct (filter (of_it p) l) as [|i m] eqn:E; [simpl in H; lia|]. exists i.
    assert (Hi : In i (filter (of_it p) l)) by (rewrite E; now left). apply filter_In in Hi as [Hi Ho].
    unfold of_it in Ho. apply andb_true_iff in Ho as [Hp Hr]. apply is_page_true in Hp. apply is_series_true in Hr. auto.
  - intros (i & Hi & Hp & Hr). destruct (filter (of_it p) l) as [|j m] eqn:E; [|simpl; lia].
    exfalso. apply (in_nil (a := i)). rewrite <- E. apply filter_In. split; [easy|]. unfold of_it.
    apply andb_true_iff. split; [now apply is_page_true|now apply is_series_true].
Qed.

Lemma in_use_is b s : shows b (pins s) (stale s) -> in_use s r = length (slots_with (fun n => 2 <=? n) b).
Proof.
  intros Hs. unfold in_use. rewrite keeps. apply (as_many_slots_as_pages b (pins s) (stale s)); auto using NoDup_nodup.
  - intros p. rewrite nodup_In, in_map_iff. split.
    + intros (i & Hp & Hi). apply filter_In in Hi as [Hi Hr]. apply is_series_true in Hr.
      assert (Hu : 0 < users (pins s) p) by (apply users_positive; exists i; auto).
      destruct (pinned_is_mapped _ _ _ Hs p Hu) as (j & Hj & E). exists j. repeat split; auto.
      rewrite (counted _ _ _ Hs j p Hj E). apply Nat.leb_le. lia.
    + intros (j & Hj & E & Hc). apply Nat.leb_le in Hc. rewrite (counted _ _ _ Hs j p Hj E) in Hc.
      assert (Hu : 0 < users (pins s) p) by lia. apply users_positive in Hu as (i & Hi & Hp & Hr).
      exists i. split; [easy|]. apply filter_In. split; [easy|]. now apply is_series_true.
  - intros i _ Hc. apply Nat.leb_le in Hc. lia.
Qed.

Lemma stale_is b s : shows b (pins s) (stale s) -> stale_in s r = length (slots_with (fun n => n =? 1) b).
Proof.
  intros Hs. unfold stale_in. rewrite <- (map_length fst).
  apply (as_many_slots_as_pages b (pins s) (stale s)); auto using (stale_once _ _ _ Hs).
  - intros p. transitivity (In (p, r) (stale s)).
    + rewrite in_map_iff. split.
      * intros ([q x] & <- & Hin). apply filter_In in Hin as [Hin Hx]. apply is_series_true in Hx. simpl in *. now subst.
      * intros Hin. exists (p, r). split; [easy|]. apply filter_In. split; [easy|]. now apply is_series_true.
    + rewrite (stale_is_mapped _ _ _ Hs). split; intros (i & Hi & E & Hc); exists i; repeat split; auto;
        now apply Nat.eqb_eq.
  - intros i _ Hc. apply Nat.eqb_eq in Hc. lia.
Qed.

Lemma fewer_than_all f b : (exists i, i < number /\ f (count b i) = false) -> length (slots_with f b) < number.
Proof.
  intros (i & Hi & Hf). unfold slots_with. rewrite <- (seq_length number 0) at 2.
  assert (H : forall m, In i m -> length (filter (fun i => f (count b i)) m) < length m).
  { assert (Hle : forall m, length (filter (fun i => f (count b i)) m) <= length m).
    { induction m as [|j m IH]; simpl; [easy|]. destruct (f (count b j)); simpl; lia. }
    induction m as [|j m IH]; [easy|]. intros [->|Hin]; simpl.
    - rewrite Hf. specialize (Hle m). lia.
    - specialize (IH Hin). destruct (f (count b j)); simpl; lia. }
  apply H. apply in_seq. lia.
Qed.

Lemma all_of_them f b : (forall i, i < number -> f (count b i) = true) -> length (slots_with f b) = number.
Proof.
  intros H. unfold slots_with. rewrite <- (seq_length number 0) at 2.
  assert (Ha : forall m, (forall i, In i m -> i < number) -> filter (fun i => f (count b i)) m = m).
  { induction m as [|i m IH]; intros Hm; [easy|]. simpl. rewrite H by (apply Hm; now left).
    rewrite IH; [easy|]. intros j Hj. apply Hm. now right. }
  rewrite Ha; [easy|]. intros i Hi. apply in_seq in Hi. lia.
Qed.

(** Slots that are in use or stale are all that are not free. *)
Lemma taken_are b : length (slots_with (fun n => 2 <=? n) b) + length (slots_with (fun n => n =? 1) b) =
  length (slots_with (fun n => negb (n =? 0)) b).
Proof.
  assert (H : forall (f g h : nat -> bool) m,
      (forall i, (if f i then 1 else 0) + (if g i then 1 else 0) = if h i then 1 else 0) ->
      length (filter f m) + length (filter g m) = length (filter h m)).
  { intros f g h m Hi. induction m as [|i m IH]; [easy|]. simpl. specialize (Hi i).
    destruct (f i), (g i), (h i); simpl in *; lia. }
  apply H. intros i. now destruct (count b i) as [|[|n]].
Qed.

Lemma found_is b s p : shows b (pins s) (stale s) ->
  (found s p r <> [] <-> exists i, i < number /\ holds_page b i = Some p) /\ forall q, In q (found s p r) -> q = r.
Proof.
  intros Hs. assert (Htake : forall q, may_take r q = true <-> q = r).
  { intros q. unfold may_take. rewrite keeps_its_own, is_series_true. split; congruence. }
  assert (Hq : forall q, In q (found s p r) <-> q = r /\ exists i, i < number /\ holds_page b i = Some p).
  { intros q. unfold found. rewrite in_app_iff, !in_map_iff. split.
    - intros [(i & <- & Hi)|([x y] & <- & Hi)]; apply filter_In in Hi as [Hi H]; rewrite ?andb_true_iff in H.
      + destruct H as [[Hp Hk] Hm]. apply Htake in Hm. apply is_page_true in Hp. split; [easy|].
        apply (pinned_is_mapped _ _ _ Hs). apply users_positive. exists i. auto.
      + destruct H as [Hp Hm]. simpl in *. apply Htake in Hm. apply is_page_true in Hp. subst. split; [easy|].
        apply (stale_is_mapped _ _ _ Hs) in Hi as (i & ? & ? & _). eauto.
    - intros (-> & i & Hi & E). destruct (users (pins s) p) as [|n] eqn:Eu.
      + right. exists (p, r). split; [easy|]. apply filter_In. split.
        * apply (stale_is_mapped _ _ _ Hs). exists i. repeat split; auto. now rewrite (counted _ _ _ Hs i p Hi E), Eu.
        * simpl. apply andb_true_iff. split; [now apply is_page_true|now apply Htake].
      + left. assert (Hu : 0 < users (pins s) p) by lia. apply users_positive in Hu as (j & Hj & Hp & Hr).
        exists j. split; [easy|]. apply filter_In. split; [easy|]. rewrite Hr, keeps.
        assert (is_page p (of_page j) = true) as -> by now apply is_page_true. now apply Htake. }
  split; [|intros q H; now apply Hq]. split.
  - intros H. destruct (found s p r) as [|q m] eqn:E; [easy|]. apply (Hq q). now left.
  - intros H E. apply (in_nil (a := r)). rewrite <- E. now apply Hq.
Qed.

Theorem waiting_is_the_same (b : tables P) (s : state W) (t : task W) (p : P) :
  shows b (pins s) (stale s) ->
  ((forall c, ~ one_kmap b p c) <-> granted s t p r true = false).
Proof.
  intros Hs. destruct (found_is b s p Hs) as [Hf _]. unfold granted, fits.
  rewrite none_kept, (in_use_is b s Hs). split.
  - intros Hno. destruct (found s p r) as [|q m] eqn:E.
    + cbn [orb]. rewrite andb_true_r. apply Nat.leb_gt. replace (if holder s t r then 0 else 0) with 0 by now destruct (holder s t r).
      enough (length (slots_with (fun n => 2 <=? n) b) = number) by lia. apply all_of_them. intros i Hi.
      destruct (2 <=? count b i) eqn:E2; [easy|]. exfalso. apply Nat.leb_gt in E2.
      assert (Hun : forall j, j < number -> holds_page b j <> Some p).
      { intros j Hj Hp. now destruct Hf as [_ Hf]; apply Hf; eauto. }
      set (base := {| count := fun j => if count b j =? 1 then 0 else count b j;
        holds_page := fun j => if count b j =? 1 then None else holds_page b j; virtual := virtual b |}).
      apply (Hno (put_count (map_slot (same_page W) base i p) i 2)).
      apply takes_slot with (base := base) (i := i); auto using like_refl.
      * right. intros j Hj. assert (j <? number = true) as -> by now apply Nat.ltb_lt. simpl.
        destruct (count b j =? 1); auto.
      * simpl. destruct (count b i) as [|[|n]]; simpl; auto; lia.
    + exfalso. assert (Hm : exists i, i < number /\ holds_page b i = Some p) by (now apply Hf).
      destruct Hm as (i & Hi & Em). apply (Hno (put_count b i (S (count b i)))). now apply reuses with (i := i); auto using like_refl.
  - intros Hg c Hone. destruct (found s p r) as [|q m] eqn:E; [|easy].
    cbn [orb] in Hg. rewrite andb_true_r in Hg. apply Nat.leb_gt in Hg.
    replace (if holder s t r then 0 else 0) with 0 in Hg by now destruct (holder s t r).
    destruct Hone as [i Hi Hm _|base i Hun Hb Hi Hz _].
    + destruct Hf as [_ Hf]. now apply Hf; eauto.
    + enough (length (slots_with (fun n => 2 <=? n) b) < number) by lia. apply fewer_than_all. exists i. split; [easy|].
      apply Nat.leb_gt. destruct Hb as [Hb|Hb]; specialize (Hb i Hi); [destruct Hb; lia|].
      destruct ((i <? number) && (count b i =? 1)) eqn:E1; [|lia].
      apply andb_true_iff in E1 as [_ E1]. apply Nat.eqb_eq in E1. lia.
Qed.

(** ** What a step makes of it *)

Lemma is_page_false (p q : P) : is_page p q = false <-> p <> q.
Proof. unfold is_page. destruct (same_page W p q); split; intros; congruence. Qed.

Lemma users_cons i l x : users (i :: l) x = (if of_it x i then 1 else 0) + users l x.
Proof. unfold users. simpl. now destruct (of_it x i). Qed.

Lemma of_it_here x i : lies_in i = r -> of_it x i = is_page x (of_page i).
Proof.
  intros H. unfold of_it. rewrite H. assert (is_series r r = true) as -> by now apply is_series_true.
  apply andb_true_r.
Qed.

Lemma filter_twice {A : Type} (f g : A -> bool) l : filter f (filter g l) = filter g (filter f l).
Proof.
  induction l as [|a l IH]; [easy|]. simpl. destruct (f a) eqn:Ef, (g a) eqn:Eg; simpl; rewrite ?Ef, ?Eg, ?IH; easy.
Qed.

Lemma fewer_stay_distinct {A B : Type} (f : A -> B) (g : A -> bool) l : NoDup (map f l) -> NoDup (map f (filter g l)).
Proof.
  induction l as [|a l IH]; simpl; intros H; [easy|]. inversion H as [|? ? Hn Hd]; subst.
  destruct (g a); [|auto]. simpl. constructor; [|auto]. intros Hin. apply Hn.
  apply in_map_iff in Hin as (x & E & Hx). apply filter_In in Hx as [Hx _]. apply in_map_iff. eauto.
Qed.

Lemma flush_shows b c l st : shows b l st -> flushed_below number number b c -> shows c l (flushed r st).
Proof.
  intros Hs Hf.
  assert (Hsame : forall i, i < number -> count b i <> 1 -> count c i = count b i /\ holds_page c i = holds_page b i).
  { intros i Hi Hc. specialize (Hf i Hi). apply Nat.eqb_neq in Hc. now rewrite Hc, andb_false_r in Hf. }
  assert (Hgone : forall i, i < number -> count b i = 1 -> count c i = 0 /\ holds_page c i = None).
  { intros i Hi Hc. specialize (Hf i Hi). apply Nat.eqb_eq in Hc. rewrite Hc in Hf.
    assert (i <? number = true) as Hlt by now apply Nat.ltb_lt. now rewrite Hlt in Hf. }
  assert (Hback : forall i p, i < number -> holds_page c i = Some p ->
      count c i = count b i /\ holds_page b i = Some p /\ count b i <> 1).
  { intros i p Hi E. destruct (Nat.eq_dec (count b i) 1) as [Hc|Hc].
    - destruct (Hgone i Hi Hc) as [_ E']. congruence.
    - destruct (Hsame i Hi Hc) as [? ?]. repeat split; congruence. }
  split.
  - intros i p Hi E. destruct (Hback i p Hi E) as (-> & E' & _). now apply (counted _ _ _ Hs).
  - intros i Hi. destruct (Nat.eq_dec (count b i) 1) as [Hc|Hc].
    + destruct (Hgone i Hi Hc) as [-> ->]. easy.
    + destruct (Hsame i Hi Hc) as [-> ->]. now apply (free_is_empty _ _ _ Hs).
  - intros i j p Hi Hj E E'. apply (one_slot _ _ _ Hs i j p); auto; now apply Hback.
  - intros p Hp. destruct (pinned_is_mapped _ _ _ Hs p Hp) as (i & Hi & E). exists i. split; [easy|].
    pose proof (counted _ _ _ Hs i p Hi E) as Hc. destruct (Hsame i Hi) as [_ ->]; [lia|easy].
  - intros p. split.
    + intros H. apply filter_In in H as [_ H]. simpl in H. apply negb_true_iff in H.
      assert (is_series r r = true) by now apply is_series_true. congruence.
    + intros (i & Hi & E & Hc). destruct (Hback i p Hi E) as (E' & _ & Hne). congruence.
  - unfold flushed. rewrite filter_twice. apply fewer_stay_distinct, (stale_once _ _ _ Hs).
Qed.

Lemma new_slot_shows b i p l st (new : pin W) : shows b l st -> i < number -> count b i = 0 ->
  (forall j, j < number -> holds_page b j <> Some p) -> of_page new = p -> lies_in new = r ->
  shows (put_count (map_slot (same_page W) b i p) i 2) (new :: l) st.
Proof.
  intros Hs Hi Hz Hun Hp Hr. assert (Hempty : holds_page b i = None) by now apply (free_is_empty _ _ _ Hs).
  assert (Hu0 : users l p = 0).
  { destruct (users l p) eqn:E; [easy|]. destruct (pinned_is_mapped _ _ _ Hs p) as (j & Hj & Ej); [lia|].
    now destruct (Hun j Hj). }
  assert (Hu : forall x, users (new :: l) x = (if is_page x p then 1 else 0) + users l x).
  { intros x. rewrite users_cons, of_it_here by easy. now rewrite Hp. }
  assert (Hother : forall j x, holds_page b j = Some x -> j < number -> j <> i /\ is_page x p = false).
  { intros j x E Hj. split; [congruence|]. apply is_page_false. intros ->. now apply (Hun j Hj). }
  split; simpl.
  - intros j x Hj. destruct (Nat.eq_dec j i) as [->|Hn].
    + rewrite !set_same. intros E. injection E as <-. rewrite Hu, Hu0.
      assert (is_page p p = true) as -> by now apply is_page_true. easy.
    + rewrite !set_other by easy. intros E. destruct (Hother j x E Hj) as [_ Hx]. rewrite Hu, Hx.
      now apply (counted _ _ _ Hs).
  - intros j Hj. destruct (Nat.eq_dec j i) as [->|Hn]; [now rewrite !set_same|].
    rewrite !set_other by easy. now apply (free_is_empty _ _ _ Hs).
  - intros j k x Hj Hk. destruct (Nat.eq_dec j i) as [->|Hn]; destruct (Nat.eq_dec k i) as [->|Hm]; auto;
      rewrite ?set_same, ?set_other by easy; intros E E'.
    + injection E as <-. now destruct (Hun k Hk).
    + injection E' as <-. now destruct (Hun j Hj).
    + now apply (one_slot _ _ _ Hs j k x).
  - intros x. rewrite Hu. destruct (is_page x p) eqn:E; intros H.
    + apply is_page_true in E as ->. exists i. now rewrite set_same.
    + destruct (pinned_is_mapped _ _ _ Hs x H) as (j & Hj & Ej). exists j. split; [easy|].
      rewrite set_other; [easy|]. now apply (Hother j x).
  - intros x. rewrite (stale_is_mapped _ _ _ Hs). split; intros (j & Hj & E & Hc); exists j; (split; [easy|]).
    + destruct (Hother j x E Hj) as [Hn _]. now rewrite !set_other by easy.
    + destruct (Nat.eq_dec j i) as [->|Hn]; [now rewrite set_same in Hc|]. now rewrite !set_other in * by easy.
  - apply (stale_once _ _ _ Hs).
Qed.

Lemma again_shows b i p l st (new : pin W) : shows b l st -> i < number -> holds_page b i = Some p ->
  of_page new = p -> lies_in new = r ->
  shows (put_count b i (S (count b i))) (new :: l) (not_stale p r st).
Proof.
  intros Hs Hi Hm Hp Hr. pose proof (counted _ _ _ Hs i p Hi Hm) as Hc0.
  assert (Hu : forall x, users (new :: l) x = (if is_page x p then 1 else 0) + users l x).
  { intros x. rewrite users_cons, of_it_here by easy. now rewrite Hp. }
  assert (Hother : forall j x, j < number -> j <> i -> holds_page b j = Some x -> is_page x p = false).
  { intros j x Hj Hn E. apply is_page_false. intros ->. apply Hn. now apply (one_slot _ _ _ Hs j i p). }
  split; simpl.
  - intros j x Hj E. destruct (Nat.eq_dec j i) as [->|Hn].
    + rewrite set_same. rewrite Hm in E. injection E as <-. rewrite Hu.
      assert (is_page p p = true) as -> by now apply is_page_true. lia.
    + rewrite set_other by easy. rewrite Hu, (Hother j x) by easy. now apply (counted _ _ _ Hs).
  - intros j Hj. destruct (Nat.eq_dec j i) as [->|Hn]; [rewrite set_same; rewrite Hm; easy|].
    rewrite set_other by easy. now apply (free_is_empty _ _ _ Hs).
  - apply (one_slot _ _ _ Hs).
  - intros x. rewrite Hu. destruct (is_page x p) eqn:E; intros H.
    + apply is_page_true in E as ->. eauto.
    + now apply (pinned_is_mapped _ _ _ Hs).
  - intros x. unfold not_stale. rewrite filter_In. simpl.
    assert (is_series r r = true) as -> by now apply is_series_true. rewrite andb_true_r, negb_true_iff.
    rewrite (stale_is_mapped _ _ _ Hs), is_page_false. split.
    + intros [(j & Hj & E & Hc) Hn]. exists j. repeat split; auto. rewrite set_other; [easy|]. congruence.
    + intros (j & Hj & E & Hc). destruct (Nat.eq_dec j i) as [->|Hn]; [rewrite set_same in Hc; lia|].
      rewrite set_other in Hc by easy. split; [eauto|]. intros <-. apply Hn. now apply (one_slot _ _ _ Hs j i p).
  - unfold not_stale. rewrite filter_twice. apply fewer_stay_distinct, (stale_once _ _ _ Hs).
Qed.

Theorem one_kmap_is_a_step_of_the_semantics (b c : tables P) (s : state W) (t : task W) (p : P) :
  shows b (pins s) (stale s) -> one_kmap b p c ->
  exists l, gets s t p r true r l /\
    shows c ({| owner := t; of_page := p; asked_in := r; lies_in := r |} :: pins s) l.
Proof.
  intros Hs Hone. destruct (found_is b s p Hs) as [Hf Hq]. destruct Hone as [i Hi Hm Hl|base i Hun Hb Hi Hz Hl].
  - exists (not_stale p r (stale s)). split.
    + left. split; [|easy]. destruct (found s p r) as [|q m] eqn:E; [exfalso; apply Hf; eauto|].
      rewrite <- (Hq q) at 1 by now left. now left.
    + apply (shows_like _ _ _ _ Hl). now apply again_shows.
  - assert (Hnone : found s p r = []).
    { destruct (found s p r) eqn:E; [easy|]. exfalso. destruct Hf as [Hf _].
      destruct Hf as (j & Hj & Ej); [easy|]. now apply (Hun j). }
    assert (Hfits : fits s t r = true).
    { unfold fits. rewrite none_kept, (in_use_is b s Hs). apply Nat.leb_le.
      assert (length (slots_with (fun n => 2 <=? n) b) < number).
      { apply fewer_than_all. exists i. split; [easy|]. apply Nat.leb_gt.
        destruct Hb as [Hb|Hb]; specialize (Hb i Hi); [destruct Hb; lia|].
        destruct ((i <? number) && (count b i =? 1)) eqn:E1; [|lia].
        apply andb_true_iff in E1 as [_ E1]. apply Nat.eqb_eq in E1. lia. }
      destruct (holder s t r); lia. }
    destruct Hb as [Hb|Hb].
    + exists (stale s). split.
      * right. repeat split; auto. left. split; [|easy]. unfold slot_free. apply Nat.ltb_lt.
        rewrite (in_use_is b s Hs), (stale_is b s Hs), taken_are. apply fewer_than_all. exists i.
        split; [easy|]. destruct (Hb i Hi) as [-> _]. now rewrite Hz.
      * apply (shows_like _ _ _ _ Hl). apply new_slot_shows; auto; [now apply (shows_like b)|].
        intros j Hj E. apply (Hun j Hj). now destruct (Hb j Hj) as [_ ->].
    + exists (flushed r (stale s)). split; [right; repeat split; auto|].
      apply (shows_like _ _ _ _ Hl). apply new_slot_shows; auto; [now apply (flush_shows b)|].
      intros j Hj E. specialize (Hb j Hj). destruct ((j <? number) && (count b j =? 1)); destruct Hb as [_ Hb];
        [congruence|]. apply (Hun j Hj). congruence.
Qed.

Lemma users_drop t p : forall l i l', drop (W := W) t p l = Some (i, l') ->
  of_page i = p /\ forall x, users l x = (if of_it x i then 1 else 0) + users l' x.
Proof.
  induction l as [|j l IH]; simpl; intros i l' H; [easy|].
  destruct (is_task t (owner j) && is_page p (of_page j)) eqn:E.
  - injection H as <- <-. apply andb_true_iff in E as [_ E]. apply is_page_true in E. split; [easy|].
    intros x. apply users_cons.
  - destruct (drop t p l) as [[k m]|]; [|easy]. injection H as <- <-.
    destruct (IH k m eq_refl) as [Hp Hu]. split; [easy|]. intros x. rewrite !users_cons, Hu. lia.
Qed.

Theorem one_kunmap_is_a_step_of_the_semantics (b c : tables P) (s : state W) (t : task W) (p : P) i l :
  shows b (pins s) (stale s) -> one_kunmap b p c ->
  drop t p (pins s) = Some (i, l) -> lies_in i = r ->
  shows c l (if keeps_mappings (lies_in i) && last_user i l then (of_page i, lies_in i) :: stale s else stale s).
Proof.
  intros Hs Hone Hd Hr. destruct (users_drop t p _ _ _ Hd) as [Hp Hu].
  assert (Hux : forall x, users (pins s) x = (if is_page x p then 1 else 0) + users l x).
  { intros x. rewrite Hu, of_it_here by easy. now rewrite Hp. }
  assert (Hpp : is_page p p = true) by now apply is_page_true.
  assert (Hup : users (pins s) p = S (users l p)) by now rewrite Hux, Hpp.
  destruct (pinned_is_mapped _ _ _ Hs p) as (k & Hk & Ek); [lia|].
  pose proof (counted _ _ _ Hs k p Hk Ek) as Hck.
  destruct Hone as [j Hj Ej Hc2 Hl|Hno _]; [|specialize (Hno k Hk Ek); lia].
  assert (j = k) as -> by now apply (one_slot _ _ _ Hs j k p). clear Hj Ej.
  assert (Hother : forall j x, j < number -> j <> k -> holds_page b j = Some x -> is_page x p = false).
  { intros j x Hj Hn E. apply is_page_false. intros ->. apply Hn. now apply (one_slot _ _ _ Hs j k p). }
  assert (Hlast : last_user i l = (users l p =? 0)).
  { assert (Hx : existsb (fun j => is_page (of_page i) (of_page j) && is_series (lies_in i) (lies_in j)) l =
        negb (users l p =? 0)).
    { rewrite Hp, Hr. unfold users. clear. induction l as [|y m IH]; [easy|]. simpl. unfold of_it at 1.
      destruct (is_page p (of_page y) && is_series r (lies_in y)); simpl; [easy|]. apply IH. }
    unfold last_user. now rewrite Hx, negb_involutive. }
  apply (shows_like _ _ _ _ Hl). rewrite Hr, keeps, Hlast, Hp. cbn [andb]. split; simpl.
  - intros j x Hj E. destruct (Nat.eq_dec j k) as [->|Hn].
    + rewrite set_same. rewrite Ek in E. injection E as <-. lia.
    + rewrite set_other by easy. rewrite (counted _ _ _ Hs j x Hj E), Hux, (Hother j x) by easy. easy.
  - intros j Hj. destruct (Nat.eq_dec j k) as [->|Hn].
    + rewrite set_same, Ek. split; [lia|easy].
    + rewrite set_other by easy. now apply (free_is_empty _ _ _ Hs).
  - apply (one_slot _ _ _ Hs).
  - intros x Hx. apply (pinned_is_mapped _ _ _ Hs). rewrite Hux. lia.
  - intros x. assert (Hold : In (x, r) (stale s) <-> exists j, j < number /\ holds_page b j = Some x /\ count b j = 1)
      by apply (stale_is_mapped _ _ _ Hs).
    assert (Hnp : ~ In (p, r) (stale s)).
    { intros H. apply (stale_is_mapped _ _ _ Hs) in H as (j & Hj & E & Hc).
      rewrite (counted _ _ _ Hs j p Hj E) in Hc. lia. }
    split.
    + intros H. assert (Hor : (x = p /\ users l p = 0) \/ In (x, r) (stale s)).
      { destruct (users l p =? 0) eqn:E; [|now right]. apply Nat.eqb_eq in E.
        destruct H as [H|H]; [injection H as <-; now left|now right]. }
      destruct Hor as [[-> H0]|Hin].
      * exists k. rewrite set_same. repeat split; auto. lia.
      * apply Hold in Hin as (j & Hj & E & Hc). exists j. repeat split; auto. rewrite set_other; [easy|].
        intros ->. lia.
    + intros (j & Hj & E & Hc). destruct (Nat.eq_dec j k) as [->|Hn].
      * rewrite set_same in Hc. rewrite Ek in E. injection E as <-.
        assert (users l p =? 0 = true) as -> by (apply Nat.eqb_eq; lia). now left.
      * rewrite set_other in Hc by easy. assert (Hin : In (x, r) (stale s)) by (apply Hold; eauto).
        destruct (users l p =? 0); [now right|easy].
  - destruct (users l p =? 0) eqn:E0; [|apply (stale_once _ _ _ Hs)]. simpl.
    assert (is_series r r = true) as -> by now apply is_series_true. simpl. constructor; [|apply (stale_once _ _ _ Hs)].
    intros H. apply in_map_iff in H as ([x y] & E & Hin). apply filter_In in Hin as [Hin Hy].
    apply is_series_true in Hy. simpl in *. subst. apply (stale_is_mapped _ _ _ Hs) in Hin as (j & Hj & E & Hc).
    rewrite (counted _ _ _ Hs j (of_page i) Hj E) in Hc. lia.
Qed.

(** At first nothing is mapped, and nothing is stale. *)
Lemma empty_tables_show_nothing :
  shows {| count := fun _ => 0; holds_page := fun _ => None; virtual := fun _ => None |} [] [].
Proof.
  split; simpl; try easy.
  - intros p. split; [easy|]. intros (i & _ & E & _). easy.
  - constructor.
Qed.

End Slots.
