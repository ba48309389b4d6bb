(** * Stuck sets, and the reduction that finds the greatest one

    Proves, of docs/search.md, "Stuck sets":
    - [stuck_set_never_moves]: what the reduction leaves is stuck: no task of it ever moves;
    - [stuck_sets_are_closed_under_union]: so there is a greatest one;
    - [reduction_leaves_the_greatest_stuck_set], [order_of_removal_does_not_matter]: whatever is
      removed first, what is left is that set;
    - [reduction_is_exact]: of tasks that, after each of their steps, can give back all they hold
      without asking for more, it leaves exactly those that no continuation can move. For other
      programs it may find a set later than the first state in which it is lost: LettingGo.v.

    A task that has ended gives nothing back: what it still holds is leaked, as in
    docs/semantics.md. Left out are waits for what anybody may give, queues and CPUs (System.v). *)

From Coq Require Import List Arith Bool Lia.
From Kmapcheck Require Import System.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

(** One of the task's steps would be possible if only the tasks of [K] held something. *)
Definition could_move (K : T -> bool) (s : state W) (t : T) : bool :=
  existsb (fun step => match fst step with
    | Take r n => fits s t r n (used_by K s r)
    | Refused _ _ | Give _ _ | Silent => true
    end) (steps W t (at_point s t)).

(** [K], and who keeps what it has because it has ended. *)
Definition keepers (K : T -> bool) (s : state W) (t : T) : bool := K t || ended s t.

Definition stuck (K : T -> bool) (s : state W) : Prop :=
  forall t, K t = true -> ended s t = false /\ could_move (keepers K s) s t = false.

Lemma could_move_antitone (K L : T -> bool) s t :
  (forall u, K u = true -> L u = true) -> could_move L s t = true -> could_move K s t = true.
Proof.
  intros H. unfold could_move. rewrite !existsb_exists. intros ([a p] & Hin & Ha).
  exists (a, p). split; [easy|]. destruct a as [r n|r n|r n|]; simpl in *; try easy.
  unfold fits in *. apply Nat.leb_le in Ha. apply Nat.leb_le.
  pose proof (used_by_mono K L s r H). lia.
Qed.

Lemma can_move_could_move K s t : can_move s t -> could_move K s t = true.
Proof.
  intros [s' [a p Hin Hp _]]. unfold could_move. apply existsb_exists. exists (a, p).
  split; [easy|]. destruct a as [r n|r n|r n|]; simpl in *; try easy.
  unfold available, fits in *. apply Nat.leb_le in Hp. apply Nat.leb_le.
  pose proof (used_by_le_used K s r). lia.
Qed.

Lemma stuck_cannot_move K s t : stuck K s -> K t = true -> ~ can_move s t.
Proof.
  intros H Ht Hm. destruct (H t Ht) as [_ Hc].
  now rewrite (can_move_could_move (keepers K s) s t Hm) in Hc.
Qed.

(** ** What is stuck stays stuck *)

Lemma used_by_keepers_grows K s u s' r : step u s s' -> K u = false ->
  used_by (keepers K s) s r <= used_by (keepers K s') s' r.
Proof.
  intros Hs Hu. pose proof (moves_not_ended s s' u Hs) as He.
  destruct Hs as [a p _ _ ->].
  transitivity (used_by (keepers K s) (step_to s u a p) r).
  - unfold used_by; simpl. rewrite amount_after_other; [easy|].
    intros q. unfold of_set, keepers; simpl. now rewrite Hu, He.
  - apply used_by_mono. intros t. unfold keepers. intros Ht.
    apply orb_true_iff in Ht as [Ht|Ht]; [now rewrite Ht|].
    rewrite ended_other; [now rewrite Ht, orb_true_r|]. intros ->. congruence.
Qed.

Lemma stuck_stays_stuck K s u s' : stuck K s -> step u s s' -> K u = false /\ stuck K s'.
Proof.
  intros H Hs.
  assert (Hu : K u = false).
  { destruct (K u) eqn:E; [|easy]. exfalso. eapply stuck_cannot_move; eauto. now exists s'. }
  split; [easy|]. intros t Ht. destruct (H t Ht) as [He Hc].
  assert (Hne : u <> t) by congruence.
  destruct (step_other s s' u t Hs Hne) as (Hp & Hh & Hen).
  split; [now rewrite Hen|].
  destruct (could_move (keepers K s') s' t) eqn:E; [|easy]. exfalso.
  unfold could_move in E, Hc. rewrite Hp in E. apply existsb_exists in E as ([a p] & Hin & Ha).
  assert (existsb (fun step => match fst step with
      | Take r n => fits s t r n (used_by (keepers K s) s r)
      | Refused _ _ | Give _ _ | Silent => true
      end) (steps W t (at_point s t)) = true); [|congruence].
  apply existsb_exists. exists (a, p). split; [easy|].
  destruct a as [r n|r n|r n|]; simpl in *; try easy.
  unfold fits, reserve in *. rewrite (Hh r) in Ha. apply Nat.leb_le in Ha. apply Nat.leb_le.
  pose proof (used_by_keepers_grows K s u s' r Hs Hu). lia.
Qed.

Lemma stuck_continues K s s' : stuck K s -> continues s s' -> stuck K s'.
Proof.
  intros H Hc. induction Hc as [|s u s1 s2 Hs _ IH]; [easy|].
  apply IH. eapply stuck_stays_stuck; eauto.
Qed.

Theorem stuck_set_never_moves (K : T -> bool) (s : state W) :
  stuck K s -> forall t, K t = true -> ended s t = false /\ ~ can_ever_move s t.
Proof.
  intros H t Ht. split; [now apply H|]. intros (s' & Hc & Hm).
  exact (stuck_cannot_move K s' t (stuck_continues K s s' H Hc) Ht Hm).
Qed.

Theorem stuck_sets_are_closed_under_union (K L : T -> bool) (s : state W) :
  stuck K s -> stuck L s -> stuck (fun t => K t || L t) s.
Proof.
  intros HK HL t Ht. apply orb_true_iff in Ht as [Ht|Ht].
  - destruct (HK t Ht) as [He Hc]. split; [easy|].
    destruct (could_move (keepers (fun t => K t || L t) s) s t) eqn:E; [|easy].
    apply (could_move_antitone (keepers K s)) in E; [congruence|].
    unfold keepers. intros u Hu. apply orb_true_iff in Hu as [->| ->]; now rewrite ?orb_true_r.
  - destruct (HL t Ht) as [He Hc]. split; [easy|].
    destruct (could_move (keepers (fun t => K t || L t) s) s t) eqn:E; [|easy].
    apply (could_move_antitone (keepers L s)) in E; [congruence|].
    unfold keepers. intros u Hu. apply orb_true_iff in Hu as [->| ->]; now rewrite ?orb_true_r.
Qed.

(** ** The reduction *)

Definition among (l : list T) (t : T) : bool := if in_dec (same_task W) t l then true else false.

Lemma among_true l t : among l t = true <-> In t l.
Proof. unfold among. destruct (in_dec (same_task W) t l); split; intros; congruence. Qed.

Lemma among_false l t : among l t = false <-> ~ In t l.
Proof. unfold among. destruct (in_dec (same_task W) t l); split; intros; congruence. Qed.

(** A task can be removed from those left: it has ended, or could move if only they held something. *)
Definition removable (s : state W) (left : list T) (t : T) : bool :=
  ended s t || could_move (keepers (among left) s) s t.

(** One task after the other is removed, in any order. *)
Inductive reduces (s : state W) : list T -> list T -> Prop :=
| enough l : reduces s l l
| remove l1 t l2 m : removable s (l1 ++ t :: l2) t = true ->
    reduces s (l1 ++ l2) m -> reduces s (l1 ++ t :: l2) m.

Definition irreducible (s : state W) (m : list T) : Prop :=
  forall t, In t m -> removable s m t = false.

Lemma reduces_incl s l m : reduces s l m -> incl m l.
Proof.
  induction 1 as [l|l1 t l2 m _ _ IH]; [apply incl_refl|].
  intros u Hu. specialize (IH u Hu). apply in_app_iff in IH as [?|?]; apply in_app_iff; simpl; auto.
Qed.

(** No member of a stuck set is ever removed. *)
Lemma reduces_keeps_stuck s l m K : reduces s l m -> stuck K s ->
  (forall t, K t = true -> In t l) -> forall t, K t = true -> In t m.
Proof.
  intros Hr HK. induction Hr as [l|l1 t l2 m Hrem _ IH]; intros Hl u Hu; [auto|].
  apply IH; [|easy]. intros v Hv. specialize (Hl v Hv) as Hin.
  enough (v <> t). { apply in_app_iff in Hin as [?|[?|?]]; apply in_app_iff; auto; congruence. }
  intros ->. destruct (HK t Hv) as [He Hc]. unfold removable in Hrem. rewrite He in Hrem; simpl in Hrem.
  apply (could_move_antitone (keepers K s)) in Hrem; [congruence|].
  unfold keepers. intros w Hw. apply orb_true_iff in Hw as [Hw|Hw]; [|now rewrite Hw, orb_true_r].
  apply orb_true_iff. left. apply among_true. now apply Hl.
Qed.

Lemma irreducible_stuck s m : irreducible s m -> stuck (among m) s.
Proof.
  intros H t Ht. apply among_true in Ht. specialize (H t Ht). unfold removable in H.
  now apply orb_false_iff in H.
Qed.

Theorem reduction_leaves_the_greatest_stuck_set (s : state W) (l m : list T) :
  reduces s l m -> irreducible s m ->
  stuck (among m) s /\
  forall K, stuck K s -> (forall t, K t = true -> In t l) -> forall t, K t = true -> In t m.
Proof.
  intros Hr Hi. split; [now apply irreducible_stuck|]. intros. eapply reduces_keeps_stuck; eauto.
Qed.

Theorem order_of_removal_does_not_matter (s : state W) (l m m' : list T) :
  reduces s l m -> irreducible s m -> reduces s l m' -> irreducible s m' ->
  forall t, In t m <-> In t m'.
Proof.
  assert (one_way : forall m m', reduces s l m -> irreducible s m -> reduces s l m' ->
      forall t, In t m -> In t m').
  { intros n n' Hr Hi Hr' t Ht.
    apply (reduces_keeps_stuck s l n' (among n)); try easy.
    - now apply irreducible_stuck.
    - intros u Hu. apply among_true in Hu. now apply (reduces_incl s l n).
    - now apply among_true. }
  intros. split; eauto.
Qed.

Theorem every_reduction_comes_to_an_end (s : state W) (l : list T) :
  exists m, reduces s l m /\ irreducible s m.
Proof.
  remember (length l) as n eqn:Hn. revert l Hn.
  induction n as [|n IH]; intros l Hn.
  - destruct l; [|easy]. exists []. split; [constructor|intros t []].
  - destruct (existsb (removable s l) l) eqn:E.
    + apply existsb_exists in E as (t & Hin & Ht).
      apply in_split in Hin as (l1 & l2 & ->).
      destruct (IH (l1 ++ l2)) as (m & Hr & Hi).
      { rewrite app_length in *. simpl in Hn. lia. }
      exists m. split; [now constructor|easy].
    + exists l. split; [constructor|]. intros t Ht.
      destruct (removable s l t) eqn:Er; [|easy].
      enough (existsb (removable s l) l = true) by congruence. apply existsb_exists; eauto.
Qed.

(** ** The reduction is exact where tasks can let go at once *)

(** By steps that ask for nothing the task can come to hold nothing. *)
Inductive lets_go_unasking (t : T) : state W -> Prop :=
| holds_nothing s : (forall r, holds s t r = 0) -> lets_go_unasking t s
| gives s a p : In (a, p) (steps W t (at_point s t)) ->
    (a = Silent \/ exists r n, a = Give r n) ->
    lets_go_unasking t (step_to s t a p) -> lets_go_unasking t s.

Definition unmoved (s s' : state W) (t : T) : Prop :=
  at_point s' t = at_point s t /\ forall r, holds s' t r = holds s t r.

Lemma unmoved_trans s s1 s2 t : unmoved s s1 t -> unmoved s1 s2 t -> unmoved s s2 t.
Proof. intros [Hp Hh] [Hp' Hh']. split; [congruence|]. intros r. now rewrite Hh'. Qed.

Lemma step_unmoved s s' t u : step t s s' -> t <> u -> unmoved s s' u.
Proof. intros Hs Hn. destruct (step_other s s' t u Hs Hn) as (? & ? & _). now split. Qed.

Lemma unmoved_ended s s' t : unmoved s s' t -> ended s' t = ended s t.
Proof. intros [Hp _]. unfold ended. now rewrite Hp. Qed.

Lemma lets_go_run t s : lets_go_unasking t s -> exists s', continues s s' /\
  (forall r, holds s' t r = 0) /\ forall u, u <> t -> unmoved s s' u.
Proof.
  induction 1 as [s H|s a p Hin Ha _ (s' & Hc & Hh & Hu)].
  - exists s. split; [constructor|split; [easy|]]. intros u _. now split.
  - assert (Hs : step t s (step_to s t a p)).
    { exists a p; try easy. destruct Ha as [->|(r & n & ->)]; easy. }
    exists s'. split; [|split; [easy|]].
    + eapply goes_on; eauto.
    + intros u Hn. eapply unmoved_trans; [|now apply Hu]. eapply step_unmoved; eauto.
Qed.

(** Amounts in two lists, compared task by task. *)
Lemma compare_by_task (K : T -> bool) r l1 : forall l2,
  (forall u, amount (of_both u r) l1 <= if K u then amount (of_both u r) l2 else 0) ->
  amount (of_resource r) l1 <= amount (of_set K r) l2.
Proof.
  induction l1 as [|[u q] l1 IH]; intros l2 H; [cbn; lia|].
  rewrite amount_cons. unfold of_resource at 1; simpl.
  destruct (is_resource r q) eqn:Eq.
  - apply is_resource_true in Eq; subst q.
    specialize (H u) as Hu. rewrite amount_cons in Hu. unfold of_both at 1 in Hu; simpl in Hu.
    rewrite is_task_refl, is_resource_refl in Hu; simpl in Hu.
    destruct (K u) eqn:Ku; [|lia].
    pose proof (amount_without u r 1 l2) as Hw.
    assert (Hle : 1 <= amount (of_both u r) l2) by lia.
    rewrite (Hw (of_set K r) Hle). unfold of_set at 2; simpl. rewrite Ku, is_resource_refl; simpl.
    enough (amount (of_resource r) l1 <= amount (of_set K r) (without u r 1 l2)) by lia.
    apply IH. intros v. specialize (H v). rewrite amount_cons in H.
    rewrite (Hw (of_both v r) Hle) in H.
    unfold of_both at 1 4 in H; simpl in H. rewrite is_resource_refl, andb_true_r in H.
    destruct (is_task v u) eqn:Ev; [apply is_task_true in Ev; subst v; rewrite Ku in *; lia|].
    destruct (K v); lia.
  - apply (IH l2). intros v. specialize (H v). rewrite amount_cons in H.
    unfold of_both at 1 in H; simpl in H. rewrite Eq, andb_false_r in H. lia.
Qed.

Definition can_let_go_unasking : Prop :=
  forall s t s', reachable s -> step t s s' -> lets_go_unasking t s'.

Lemma removed_can_move (Hgo : can_let_go_unasking) s l m :
  reachable s -> reduces s l m -> NoDup l -> forall s1, continues s s1 ->
  (forall u, In u l -> unmoved s s1 u) ->
  (forall u, ~ In u l -> (ended s u = true /\ unmoved s s1 u) \/ forall r, holds s1 u r = 0) ->
  forall t, In t l -> ~ In t m -> ended s t = true \/ can_ever_move s t.
Proof.
  intros Hre Hr. induction Hr as [l|l1 t0 l2 m Hrem _ IH]; intros Hnd s1 Hc Hin Hout t Ht Hm; [easy|].
  assert (Hnd' : NoDup (l1 ++ l2)) by (eapply NoDup_remove_1; eauto).
  assert (Hn0 : ~ In t0 (l1 ++ l2)) by (now apply NoDup_remove_2).
  assert (Hsub : forall u, In u (l1 ++ l2) -> In u (l1 ++ t0 :: l2) /\ u <> t0).
  { intros u Hu. split; [|intros ->; easy].
    apply in_app_iff in Hu as [?|?]; apply in_app_iff; simpl; auto. }
  assert (Hout' : forall u, ~ In u (l1 ++ l2) -> u <> t0 -> ~ In u (l1 ++ t0 :: l2)).
  { intros u Hu Hn Hx. apply Hu. apply in_app_iff in Hx as [?|[?|?]]; apply in_app_iff; auto; congruence. }
  assert (H0 : unmoved s s1 t0) by (apply Hin, in_app_iff; simpl; auto).
  unfold removable in Hrem. destruct (ended s t0) eqn:He.
  - destruct (same_task W t t0) as [->|Hn]; [now left|].
    apply (IH Hnd' s1 Hc); [| |apply in_app_iff in Ht as [?|[?|?]]; apply in_app_iff; auto; congruence|easy].
    + intros u Hu. now apply Hin, Hsub.
    + intros u Hu. destruct (same_task W u t0) as [->|Hn']; [now left|]. now apply Hout, Hout'.
  - simpl in Hrem.
    assert (Hcan : can_move s1 t0).
    { assert (Hused : forall r, used s1 r <= used_by (keepers (among (l1 ++ t0 :: l2)) s) s r).
      { intros r. apply compare_by_task. intros u. fold (holds s1 u r) (holds s u r).
        unfold keepers. destruct (among (l1 ++ t0 :: l2) u) eqn:Ea; simpl.
        - apply among_true in Ea. destruct (Hin u Ea) as [_ ->]. easy.
        - apply among_false in Ea. destruct (Hout u Ea) as [[-> [_ ->]]|Hz]; [easy|].
          rewrite Hz. lia. }
      destruct H0 as [Hp0 Hh0].
      assert (Hav : forall r n, fits s t0 r n (used_by (keepers (among (l1 ++ t0 :: l2)) s) s r) = true ->
          available s1 t0 r n = true).
      { intros r n Hf. unfold available, fits, reserve in *. rewrite Hh0. apply Nat.leb_le in Hf.
        apply Nat.leb_le. specialize (Hused r). lia. }
      unfold could_move in Hrem. apply existsb_exists in Hrem as ([a p] & Hst & Ha). simpl in Ha.
      rewrite <- Hp0 in Hst.
      assert (Hposs : possible s1 t0 a = true -> can_move s1 t0).
      { intros Hx. exists (step_to s1 t0 a p). now exists a p. }
      destruct a as [r n|r n|r n|]; simpl in Hposs; auto.
      destruct (available s1 t0 r n) eqn:Er; [|now apply Hposs].
      destruct (refused_or_granted W t0 _ r n p Hst) as (p'' & Hin'').
      exists (step_to s1 t0 (Take r n) p''). now exists (Take r n) p''. }
    destruct (same_task W t t0) as [->|Hn]; [right; now exists s1|].
    destruct Hcan as [s2 Hs2].
    assert (Hre1 : reachable s1) by (eapply reachable_continues; eauto).
    destruct (lets_go_run t0 s2 (Hgo s1 t0 s2 Hre1 Hs2)) as (s3 & Hc3 & Hz3 & Hu3).
    assert (Hothers : forall u, u <> t0 -> unmoved s1 s3 u).
    { intros u Hu. eapply unmoved_trans; [eapply step_unmoved; eauto|now apply Hu3]. }
    apply (IH Hnd' s3); [| | |apply in_app_iff in Ht as [?|[?|?]]; apply in_app_iff; auto; congruence|easy].
    + eapply continues_trans; [eassumption|]. eapply goes_on; eauto.
    + intros u Hu. destruct (Hsub u Hu). eapply unmoved_trans; [now apply Hin|now apply Hothers].
    + intros u Hu. destruct (same_task W u t0) as [->|Hn']; [now right|].
      destruct (Hout u (Hout' u Hu Hn')) as [[Heu Hmu]|Hz].
      * left. split; [easy|]. eapply unmoved_trans; eauto.
      * right. intros r. destruct (Hothers u Hn') as [_ ->]. apply Hz.
Qed.

Theorem reduction_is_exact (s : state W) (l m : list T) :
  can_let_go_unasking -> reachable s ->
  NoDup l -> (forall t r, 0 < holds s t r -> In t l) ->
  reduces s l m -> irreducible s m ->
  forall t, In t l -> (In t m <-> ended s t = false /\ ~ can_ever_move s t).
Proof.
  intros Hgo Hre Hnd Hh Hr Hi t Ht. split.
  - intros Hm. apply (stuck_set_never_moves (among m) s); [now apply irreducible_stuck|].
    now apply among_true.
  - intros [He Hnever]. destruct (in_dec (same_task W) t m) as [|Hm]; [easy|]. exfalso.
    destruct (removed_can_move Hgo s l m Hre Hr Hnd s (stays s)) with (t := t) as [H|H];
      try easy; try congruence.
    intros u Hu. right. intros r.
    destruct (holds s u r) eqn:E; [easy|]. exfalso. apply Hu, (Hh u r). lia.
Qed.

End OneSystem.
