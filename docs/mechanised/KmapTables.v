(** * The tables of the allocator, and a kmap as one step on them

    Of docs/semantics.md, "Mappings" and "kmap": a count of 0 is a free slot, 1 a stale mapping,
    [n + 1] a mapping with [n] users. [one_kmap] and [one_kunmap] are the machine's single steps, for
    one series with the policy [own]. The lemmas are for Allocator.v. *)

From Coq Require Import List Arith Bool Lia.
Import ListNotations.

Section Tables.
Context {page : Type}.
Variable same_page : forall p q : page, {p = q} + {p <> q}.
Variable slots : nat.

(** pkmap_count, pkmap_page_table, page->virtual. A count of 0 is a free slot, 1 a stale mapping,
    [n + 1] a mapping with [n] users. *)
Record tables : Type := {
  count : nat -> nat;
  holds_page : nat -> option page;
  virtual : page -> option nat
}.

Definition set {A : Type} (f : nat -> A) (i : nat) (a : A) : nat -> A := fun j => if j =? i then a else f j.
Definition set_virtual (f : page -> option nat) (p : page) (v : option nat) : page -> option nat :=
  fun q => if same_page q p then v else f q.

Definition put_count (b : tables) (i n : nat) : tables :=
  {| count := set (count b) i n; holds_page := holds_page b; virtual := virtual b |}.
Definition map_slot (b : tables) (i : nat) (p : page) : tables :=
  {| count := set (count b) i 1; holds_page := set (holds_page b) i (Some p);
     virtual := set_virtual (virtual b) p (Some i) |}.
Definition clear_if_stale (b : tables) (i : nat) : tables :=
  if count b i =? 1 then
    {| count := set (count b) i 0; holds_page := set (holds_page b) i None;
       virtual := match holds_page b i with Some p => set_virtual (virtual b) p None | None => virtual b end |}
  else b.

(** ** The machine: one step for a kmap, one for a kunmap *)

(** The same in every slot. *)
Definition like (b c : tables) : Prop :=
  forall i, i < slots -> count b i = count c i /\ holds_page b i = holds_page c i.
(** The same, but that every stale mapping below [k] is gone. *)
Definition flushed_below (k : nat) (b c : tables) : Prop := forall i, i < slots ->
  if (i <? k) && (count b i =? 1) then count c i = 0 /\ holds_page c i = None
  else count c i = count b i /\ holds_page c i = holds_page b i.

(** A mapping of the page is taken; or, if there is none, a free slot, perhaps after a flush. *)
Inductive one_kmap (b : tables) (p : page) (c : tables) : Prop :=
| reuses i : i < slots -> holds_page b i = Some p -> like (put_count b i (S (count b i))) c -> one_kmap b p c
| takes_slot base i : (forall j, j < slots -> holds_page b j <> Some p) ->
    like b base \/ flushed_below slots b base ->
    i < slots -> count base i = 0 -> like (put_count (map_slot base i p) i 2) c -> one_kmap b p c.

Inductive one_kunmap (b : tables) (p : page) (c : tables) : Prop :=
| drops_user i : i < slots -> holds_page b i = Some p -> 2 <= count b i ->
    like (put_count b i (count b i - 1)) c -> one_kunmap b p c
| no_user : (forall i, i < slots -> holds_page b i = Some p -> count b i < 2) -> like b c -> one_kunmap b p c.

(** ** Sound tables *)

Record sound (b : tables) : Prop := {
  virtual_is_mapped : forall p i, virtual b p = Some i -> i < slots /\ holds_page b i = Some p;
  mapped_is_virtual : forall p i, i < slots -> holds_page b i = Some p -> virtual b p = Some i;
  mapped_is_counted : forall i, i < slots -> (count b i = 0 <-> holds_page b i = None)
}.

Definition all_busy (b : tables) : Prop := forall i, i < slots -> 2 <= count b i.
Definition unmapped (b : tables) (p : page) : Prop := forall i, i < slots -> holds_page b i <> Some p.

(** ** What is used of them *)

Lemma like_refl b : like b b. Proof. now intros i _. Qed.
Lemma like_sym b c : like b c -> like c b.
Proof. intros H i Hi. destruct (H i Hi). auto. Qed.
Lemma like_trans b c d : like b c -> like c d -> like b d.
Proof. intros H1 H2 i Hi. destruct (H1 i Hi) as [-> ->]. auto. Qed.

Lemma set_same {A : Type} (f : nat -> A) i a : set f i a i = a.
Proof. unfold set. now rewrite Nat.eqb_refl. Qed.
Lemma set_other {A : Type} (f : nat -> A) i j a : j <> i -> set f i a j = f j.
Proof. unfold set. intros H. apply Nat.eqb_neq in H. now rewrite H. Qed.

Lemma like_put b c i n : like b c -> like (put_count b i n) (put_count c i n).
Proof.
  intros H j Hj. destruct (H j Hj) as [H1 H2]. simpl. split; [|easy].
  destruct (Nat.eq_dec j i) as [->|Hn]; [now rewrite !set_same|now rewrite !set_other].
Qed.

Lemma virtual_none_unmapped b p : sound b -> virtual b p = None -> unmapped b p.
Proof. intros Hs Hv i Hi Hm. apply (mapped_is_virtual b Hs) in Hm; [congruence|easy]. Qed.

Lemma unmapped_virtual_none b p : sound b -> unmapped b p -> virtual b p = None.
Proof.
  intros Hs Hu. destruct (virtual b p) as [i|] eqn:E; [|easy].
  apply (virtual_is_mapped b Hs) in E as [Hi Hm]. now destruct (Hu i Hi).
Qed.

Lemma unmapped_like b c p : like b c -> unmapped c p -> unmapped b p.
Proof. intros H Hu i Hi. destruct (H i Hi) as [_ ->]. auto. Qed.

Lemma unmapped_flushed b c p : like b c \/ flushed_below slots b c -> unmapped b p -> unmapped c p.
Proof.
  intros [H|H] Hu i Hi.
  - destruct (H i Hi) as [_ <-]. auto.
  - specialize (H i Hi). destruct ((i <? slots) && (count b i =? 1)); destruct H as [_ ->]; [easy|auto].
Qed.

Lemma flushed_none b c : like b c -> flushed_below 0 b c.
Proof. intros H i Hi. simpl. destruct (H i Hi). auto. Qed.

Lemma flushed_next j b c : flushed_below j b c -> j < slots -> flushed_below (S j) b (clear_if_stale c j).
Proof.
  intros H Hj i Hi. specialize (H i Hi). unfold clear_if_stale.
  destruct (Nat.eq_dec i j) as [->|Hn].
  - rewrite Nat.ltb_irrefl in H. simpl in H. destruct H as [H1 H2].
    assert (j <? S j = true) as -> by (apply Nat.ltb_lt; lia). simpl. rewrite H1.
    destruct (count b j =? 1); simpl; [now rewrite !set_same|]. now rewrite H1.
  - assert (i <? S j = (i <? j)) as ->.
    { destruct (i <? j) eqn:E; [apply Nat.ltb_lt in E; apply Nat.ltb_lt; lia|].
      apply Nat.ltb_ge in E. apply Nat.ltb_ge. lia. }
    destruct (count c j =? 1); simpl; [rewrite !set_other by easy|]; easy.
Qed.

(** Where every slot is busy after the flush, it has changed nothing. *)
Lemma busy_not_flushed b c : flushed_below slots b c -> all_busy c -> like b c.
Proof.
  intros H Hb i Hi. specialize (H i Hi). specialize (Hb i Hi).
  destruct ((i <? slots) && (count b i =? 1)); destruct H; [lia|auto].
Qed.

Lemma sound_put b i n : sound b -> i < slots -> count b i <> 0 -> n <> 0 -> sound (put_count b i n).
Proof.
  intros [H1 H2 H3] Hi Hc Hn. split; simpl; auto. intros j Hj.
  destruct (Nat.eq_dec j i) as [->|Hne]; [rewrite set_same|rewrite set_other by easy; auto].
  rewrite <- H3 by easy. lia.
Qed.

Lemma sound_map b i p : sound b -> i < slots -> count b i = 0 -> unmapped b p -> sound (map_slot b i p).
Proof.
  intros [H1 H2 H3] Hi Hc Hu. assert (Hfree : holds_page b i = None) by now apply H3.
  split; simpl; unfold set_virtual.
  - intros q j. destruct (same_page q p) as [->|Hq].
    + intros E. injection E as <-. now rewrite set_same.
    + intros E. apply H1 in E as [Hj Hm]. split; [easy|]. rewrite set_other; [easy|]. congruence.
  - intros q j Hj. destruct (Nat.eq_dec j i) as [->|Hn].
    + rewrite set_same. intros E. injection E as ->. now destruct (same_page q q).
    + rewrite set_other by easy. intros Hm. destruct (same_page q p) as [->|Hq]; [now destruct (Hu j Hj)|auto].
  - intros j Hj. destruct (Nat.eq_dec j i) as [->|Hn]; [now rewrite !set_same|rewrite !set_other by easy; auto].
Qed.

Lemma sound_clear b i : sound b -> i < slots -> sound (clear_if_stale b i).
Proof.
  intros Hs Hi. unfold clear_if_stale. destruct (count b i =? 1) eqn:Ec; [|easy].
  apply Nat.eqb_eq in Ec. pose proof Hs as [H1 H2 H3].
  destruct (holds_page b i) as [p|] eqn:Ep; [|apply H3 in Ep; [lia|easy]].
  split; simpl; unfold set_virtual.
  - intros q j. destruct (same_page q p) as [->|Hq]; [easy|]. intros E. apply H1 in E as [Hj Hm].
    split; [easy|]. rewrite set_other; [easy|]. congruence.
  - intros q j Hj. destruct (Nat.eq_dec j i) as [->|Hn]; [now rewrite set_same|]. rewrite set_other by easy.
    intros Hm. destruct (same_page q p) as [->|Hq]; [|auto].
    apply H2 in Hm; [|easy]. apply H2 in Ep; [|easy]. congruence.
  - intros j Hj. destruct (Nat.eq_dec j i) as [->|Hn]; [now rewrite !set_same|rewrite !set_other by easy; auto].
Qed.

Lemma busy_clear b i : all_busy b -> i < slots -> clear_if_stale b i = b.
Proof.
  intros H Hi. unfold clear_if_stale. specialize (H i Hi). destruct (count b i =? 1) eqn:E; [|easy].
  apply Nat.eqb_eq in E. lia.
Qed.

End Tables.
Arguments tables : clear implicits.
Arguments virtual_is_mapped {page slots} b _ _ _ _.
Arguments mapped_is_virtual {page slots} b _ _ _ _ _.
Arguments mapped_is_counted {page slots} b _ _ _.
