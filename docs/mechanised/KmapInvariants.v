(** * Slots in use and stale mappings are never more than there are slots

    For the machine of Kmap.v ([slots_are_enough]): of docs/proofs.md, "Stuck-core equations", "for
    every thing, what the core holds of it is at most what there is of it", where several tasks may
    have one page mapped. With it come the facts about stale mappings that it takes: each is there
    once, in a series that keeps mappings, and of a page that nobody has pinned there. *)

From Coq Require Import List Arith Bool Lia Permutation.
From Kmapcheck Require Import Kmap.
Import ListNotations.

Section OneKernel.
Context {W : kernel}.
Notation T := (task W).
Notation P := (page W).
Notation R := (series W).

Definition lie_in (r : R) (l : list (pin W)) : list (pin W) := filter (fun i => is_series r (lies_in i)) l.

(** How many slots of [r] these pins take up. *)
Definition use (l : list (pin W)) (r : R) : nat :=
  if keeps_mappings r then length (nodup (same_page W) (map of_page (lie_in r l))) else length (lie_in r l).
Definition stale_of (st : list (P * R)) (r : R) : nat := length (filter (fun m => is_series r (snd m)) st).

Definition pinned (p : P) (r : R) (l : list (pin W)) : bool :=
  existsb (fun j => is_page p (of_page j) && is_series r (lies_in j)) l.

Lemma pinned_true p r l : pinned p r l = true <-> exists i, In i l /\ of_page i = p /\ lies_in i = r.
Proof.
  unfold pinned. rewrite existsb_exists. split.
  - intros (i & Hi & E). apply andb_true_iff in E as [Ep Er]. apply is_page_true in Ep. apply is_series_true in Er. eauto.
  - intros (i & Hi & Ep & Er). exists i. split; [easy|]. apply andb_true_iff. split; [now apply is_page_true|now apply is_series_true].
Qed.

Lemma use_cons i l r : use (i :: l) r =
  use l r + if is_series r (lies_in i) then (if keeps_mappings r && pinned (of_page i) r l then 0 else 1) else 0.
Proof.
  unfold use, lie_in. simpl. destruct (is_series r (lies_in i)) eqn:E; [|lia].
  destruct (keeps_mappings r); simpl; [|lia].
  destruct (in_dec (same_page W) (of_page i) (map of_page (filter (fun j => is_series r (lies_in j)) l))) as [H|H].
  - assert (pinned (of_page i) r l = true) as ->; [|lia].
    apply in_map_iff in H as (j & Ej & Hj). apply filter_In in Hj as [Hj Er]. apply is_series_true in Er.
    apply pinned_true. eauto.
  - assert (pinned (of_page i) r l = false) as ->; [|simpl; lia].
    destruct (pinned (of_page i) r l) eqn:Ep; [|easy]. exfalso. apply H. apply pinned_true in Ep as (j & Hj & Ej & Er).
    apply in_map_iff. exists j. split; [easy|]. apply filter_In. split; [easy|]. now apply is_series_true.
Qed.

Lemma filter_permutation {A : Type} (f : A -> bool) l l' : Permutation l l' -> Permutation (filter f l) (filter f l').
Proof.
  induction 1 as [|a l l' _ IH|a b l|l l1 l2 _ IH1 _ IH2]; simpl; auto.
  - destruct (f a); auto.
  - destruct (f a), (f b); auto. constructor.
  - now transitivity (filter f l1).
Qed.

Lemma use_permutation l l' r : Permutation l l' -> use l r = use l' r.
Proof.
  intros H. apply (filter_permutation (fun i => is_series r (lies_in i))) in H. unfold use, lie_in.
  destruct (keeps_mappings r); [|now apply Permutation_length].
  apply Permutation_length, NoDup_Permutation; try apply NoDup_nodup.
  intros x. rewrite !nodup_In. apply (Permutation_map of_page) in H. split; apply Permutation_in; auto. now symmetry.
Qed.

Lemma drop_permutation t p : forall l i l', drop (W := W) t p l = Some (i, l') -> Permutation l (i :: l').
Proof.
  induction l as [|j l IH]; simpl; intros i l' H; [easy|].
  destruct (is_task t (owner j) && is_page p (of_page j)); [now injection H as <- <-|].
  destruct (drop t p l) as [[k m]|]; [|easy]. injection H as <- <-. specialize (IH k m eq_refl).
  transitivity (j :: k :: m); [now constructor|constructor].
Qed.

Lemma stale_of_le (f : P * R -> bool) st r : stale_of (filter f st) r <= stale_of st r.
Proof.
  unfold stale_of. induction st as [|m st IH]; simpl; [easy|].
  destruct (f m); simpl; destruct (is_series r (snd m)); simpl; lia.
Qed.

Lemma stale_of_one_less st p r : NoDup st -> In (p, r) st -> stale_of st r = S (stale_of (not_stale p r st) r).
Proof.
  intros Hnd. unfold stale_of, not_stale. induction Hnd as [|[q x] st Hn _ IH]; [easy|]. intros [E|Hin].
  - injection E as -> ->. simpl.
    assert (is_page p p = true) as -> by now apply is_page_true.
    assert (is_series r r = true) as -> by now apply is_series_true. simpl. f_equal. f_equal.
    clear IH. f_equal. induction st as [|[y z] st IH]; [easy|]. simpl.
    destruct (is_page p y && is_series r z) eqn:E; simpl.
    + apply andb_true_iff in E as [Ey Ez]. apply is_page_true in Ey. apply is_series_true in Ez. subst.
      destruct Hn. now left.
    + rewrite <- IH; [easy|]. intros H. apply Hn. now right.
  - specialize (IH Hin). simpl. destruct (is_page p q && is_series r x) eqn:E; simpl.
    + apply andb_true_iff in E as [Eq Ex]. apply is_page_true in Eq. apply is_series_true in Ex. now subst.
    + destruct (is_series r x); simpl; lia.
Qed.

Lemma stale_of_flushed st r : stale_of (flushed r st) r = 0.
Proof.
  unfold stale_of, flushed. induction st as [|[p q] st IH]; [easy|]. simpl.
  destruct (is_series r q) eqn:E; simpl; [easy|]. now rewrite E.
Qed.

Record fitting (s : state W) : Prop := {
  stale_once : NoDup (stale s);
  stale_kept : forall p q, In (p, q) (stale s) -> keeps_mappings q = true;
  stale_not_pinned : forall p q, In (p, q) (stale s) -> pinned p q (pins s) = false;
  enough : forall r, use (pins s) r + stale_of (stale s) r <= slots W r
}.

(** The leftovers at the start: what docs/semantics.md asks of them. *)
Hypothesis leftovers_fit : fitting (initial (W := W)).

Lemma pinned_cons p r i l : pinned p r (i :: l) = (is_page p (of_page i) && is_series r (lies_in i)) || pinned p r l.
Proof. easy. Qed.

Lemma filter_keeps_fitting (s : state W) f : fitting s ->
  NoDup (filter f (stale s)) /\ (forall p q, In (p, q) (filter f (stale s)) -> keeps_mappings q = true) /\
  (forall p q, In (p, q) (filter f (stale s)) -> pinned p q (pins s) = false).
Proof.
  intros [H1 H2 H3 _]. split; [now apply NoDup_filter|]. split; intros p q H; apply filter_In in H as [H _]; eauto.
Qed.

Lemma fitting_step s t s' : fitting s -> step (W := W) t s s' -> fitting s'.
Proof.
  intros H Hs. pose proof H as [H1 H2 H3 H4].
  destruct Hs as [x _|p r f x q l _ Hg|p r f x _ _|p x i l _ Hd|p x _ _]; try (split; easy).
  - destruct Hg as [[Hq ->]|(Hnone & Hfits & -> & Hl)].
    + (* a mapping is taken *)
      destruct (filter_keeps_fitting s (fun m => negb (is_page p (fst m) && is_series q (snd m))) H) as (F1 & F2 & F3).
      assert (Hkq : keeps_mappings q = true /\ (pinned p q (pins s) = true \/ In (p, q) (stale s))).
      { unfold found in Hq. apply in_app_iff in Hq as [Hq|Hq].
        - apply in_map_iff in Hq as (i & <- & Hi). apply filter_In in Hi as [Hi E].
          apply andb_true_iff in E as [E _]. apply andb_true_iff in E as [Ep Ek]. apply is_page_true in Ep.
          split; [easy|]. left. apply pinned_true. eauto.
        - apply in_map_iff in Hq as ([y z] & <- & Hi). apply filter_In in Hi as [Hi E].
          apply andb_true_iff in E as [Ep _]. apply is_page_true in Ep. simpl in *. subst y.
          split; [now apply (H2 p z)|now right]. }
      destruct Hkq as [Hkq Hwhere].
      split; cbn [pins stale]; auto.
      * intros y z Hin. rewrite pinned_cons. cbn [of_page lies_in]. rewrite (F3 y z Hin), orb_false_r.
        unfold not_stale in Hin. apply filter_In in Hin as [_ Hin]. simpl in Hin. apply negb_true_iff in Hin.
        destruct (is_page y p && is_series z q) eqn:E; [|easy]. apply andb_true_iff in E as [Ey Ez].
        apply is_page_true in Ey. apply is_series_true in Ez. subst.
        assert (is_page p p = true) by now apply is_page_true. assert (is_series q q = true) by now apply is_series_true.
        rewrite H0, H5 in Hin. easy.
      * intros x'. rewrite use_cons. cbn [of_page lies_in]. pose proof (stale_of_le (fun m => negb (is_page p (fst m) && is_series q (snd m))) (stale s) x') as Hle.
        fold (not_stale p q (stale s)) in Hle. specialize (H4 x').
        destruct (is_series x' q) eqn:Ex; [|lia]. apply is_series_true in Ex as ->. rewrite Hkq. simpl.
        destruct (pinned p q (pins s)) eqn:Epin; [lia|]. destruct Hwhere as [|Hst]; [easy|].
        rewrite (stale_of_one_less (stale s) p q H1 Hst) in H4. lia.
    + (* a slot is taken *)
      assert (Hsub : exists f, l = filter f (stale s)).
      { destruct Hl as [[_ ->]|[_ ->]]; [exists (fun _ => true)|eexists; reflexivity].
        clear. induction (stale s) as [|m st IH]; simpl; [easy|]. now rewrite <- IH. }
      destruct Hsub as [g Hg]. destruct (filter_keeps_fitting s g H) as (F1 & F2 & F3). rewrite <- Hg in F1, F2, F3.
      split; cbn [pins stale]; auto.
      * intros y z Hin. rewrite pinned_cons. cbn [of_page lies_in]. rewrite (F3 y z Hin), orb_false_r.
        destruct (is_page y p && is_series z r) eqn:E; [|easy]. exfalso. apply andb_true_iff in E as [Ey Ez].
        apply is_page_true in Ey. apply is_series_true in Ez. subst y z.
        assert (Hst : In (p, r) (stale s)) by (rewrite Hg in Hin; now apply filter_In in Hin).
        pose proof (H2 p r Hst) as Hk. apply (in_nil (a := r)). rewrite <- Hnone. unfold found. apply in_app_iff. right.
        apply in_map_iff. exists (p, r). split; [easy|]. apply filter_In. split; [easy|]. simpl.
        apply andb_true_iff. split; [now apply is_page_true|]. unfold may_take.
        unfold keeps_mappings in Hk |- *. destruct (reuse W r) eqn:Er; try easy. now apply is_series_true.
      * intros x'. rewrite use_cons. cbn [of_page lies_in]. pose proof (stale_of_le g (stale s) x') as Hle. rewrite <- Hg in Hle.
        specialize (H4 x'). destruct (is_series x' r) eqn:Ex; [|lia]. apply is_series_true in Ex as ->.
        destruct Hl as [[Hfree _]|[_ ->]].
        -- unfold slot_free in Hfree. apply Nat.ltb_lt in Hfree. fold (use (pins s) r) in Hfree.
           change (in_use s r) with (use (pins s) r) in Hfree. change (stale_in s r) with (stale_of (stale s) r) in Hfree.
           destruct (keeps_mappings r && pinned p r (pins s)); lia.
        -- unfold fits in Hfits. apply Nat.leb_le in Hfits. change (in_use s r) with (use (pins s) r) in Hfits.
           rewrite stale_of_flushed. destruct (keeps_mappings r && pinned p r (pins s)); lia.
  - (* a kunmap *)
    pose proof (drop_permutation t p (pins s) i l Hd) as Hperm.
    assert (Hpin : forall y z, pinned y z (pins s) = (is_page y (of_page i) && is_series z (lies_in i)) || pinned y z l).
    { intros y z. rewrite <- pinned_cons. apply eq_true_iff_eq. rewrite !pinned_true.
      split; intros (j & Hj & E); exists j; (split; [|easy]).
      - now apply (Permutation_in j Hperm).
      - now apply (Permutation_in j (Permutation_sym Hperm)). }
    assert (Hlast : last_user i l = negb (pinned (of_page i) (lies_in i) l)) by easy.
    assert (Hnew : ~ In (of_page i, lies_in i) (stale s)).
    { intros Hin. apply H3 in Hin. rewrite Hpin in Hin.
      assert (is_page (of_page i) (of_page i) = true) as E1 by now apply is_page_true.
      assert (is_series (lies_in i) (lies_in i) = true) as E2 by now apply is_series_true.
      now rewrite E1, E2 in Hin. }
    assert (Hold : forall y z, In (y, z) (stale s) -> pinned y z l = false).
    { intros y z Hin. apply H3 in Hin. rewrite Hpin in Hin. now apply orb_false_iff in Hin. }
    assert (Huse : forall x', use (pins s) x' = use l x' +
        if is_series x' (lies_in i) then (if keeps_mappings x' && pinned (of_page i) x' l then 0 else 1) else 0).
    { intros x'. rewrite (use_permutation _ _ x' Hperm). apply use_cons. }
    destruct (keeps_mappings (lies_in i) && last_user i l) eqn:Ekl.
    + apply andb_true_iff in Ekl as [Ek El]. rewrite Hlast in El. apply negb_true_iff in El.
      split; cbn [pins stale].
      * now constructor.
      * intros y z [E|Hin]; [now injection E as <- <-|eauto].
      * intros y z [E|Hin]; [now injection E as <- <-|eauto].
      * intros x'. specialize (H4 x'). rewrite Huse in H4. unfold stale_of in *. simpl.
        destruct (is_series x' (lies_in i)) eqn:Ex; simpl; [|lia]. apply is_series_true in Ex as ->.
        rewrite Ek, El in H4. simpl in H4. lia.
    + split; cbn [pins stale]; auto. intros x'. specialize (H4 x'). rewrite Huse in H4. lia.
Qed.

Theorem slots_are_enough (s : state W) : reachable s -> fitting s.
Proof.
  assert (H : forall s s', continues (W := W) s s' -> fitting s -> fitting s').
  { induction 1; eauto using fitting_step. }
  intros Hre. eapply H; eauto.
Qed.

End OneKernel.
