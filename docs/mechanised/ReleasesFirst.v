(** * Giving back first

    Proves, of docs/reductions.md, "Every run is there, up to order" and "So every kind of finding
    is kept", for the reduction [releases]: in a state in which some task can do nothing but give
    back what it holds, the search may take that step alone.

    - [every_run_is_there]: for each run there is one of the reduced search that leads where that
      run and some more steps after it would;
    - [releases_first_keeps_every_last_state]: so each state in which nobody can move is reached;
    - [releases_first_keeps_stuck_sets]: and if some run has a stuck set, so has the reduced search,
      with the same tasks in it.

    Which task gives back in which state, if any, is up to [pick]. The premise is that of the page:
    a try looks at how much there is, so nobody may try for the resource that is given
    ([no_tries]). There need be no condition about cycles: who gives back has less afterwards.

    Left out, as in System.v: mappings that are kept (there a kunmap is not put first), queues,
    CPUs; and [stubborn] and [merge]. *)

From Coq Require Import List Arith Bool Lia Wellfounded.
From Kmapcheck Require Import System Stuck.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

(** States that differ in nothing. *)
Definition same (s s' : state W) : Prop := (forall t, at_point s t = at_point s' t) /\ held s = held s'.

Lemma same_refl s : same s s. Proof. now split. Qed.
Lemma same_sym s s' : same s s' -> same s' s. Proof. intros [H1 H2]. now split. Qed.
Lemma same_trans s s' s'' : same s s' -> same s' s'' -> same s s''.
Proof. intros [H1 H2] [H3 H4]. split; [intros t; now rewrite H1|congruence]. Qed.

(** A move: a task, what it does, and where it is then. *)
Notation move := (T * action R * point W)%type.
Definition made (s : state W) (m : move) : state W := let '(t, a, p) := m in step_to s t a p.
Definition legal (s : state W) (m : move) : Prop :=
  let '(t, a, p) := m in In (a, p) (steps W t (at_point s t)) /\ possible s t a = true.

Fixpoint all_made (s : state W) (w : list move) : state W :=
  match w with [] => s | m :: w => all_made (made s m) w end.
Fixpoint all_legal (s : state W) (w : list move) : Prop :=
  match w with [] => True | m :: w => legal s m /\ all_legal (made s m) w end.

Lemma made_same s s' m : same s s' -> same (made s m) (made s' m).
Proof.
  intros [H1 H2]. destruct m as [[t a] p]. split; simpl.
  - intros u. unfold moved. now destruct (is_task t u).
  - now rewrite H2.
Qed.

Lemma possible_same s s' t a : same s s' -> possible s t a = possible s' t a.
Proof. intros [_ H]. destruct a; simpl; auto; unfold available, fits, used, reserve, holds; now rewrite H. Qed.

Lemma legal_same s s' m : same s s' -> legal s m -> legal s' m.
Proof.
  intros H. destruct m as [[t a] p]. simpl. pose proof H as [H1 _]. rewrite (H1 t), (possible_same s s' t a H). easy.
Qed.

Lemma all_same w : forall s s', same s s' ->
  (all_legal s w -> all_legal s' w) /\ same (all_made s w) (all_made s' w).
Proof.
  induction w as [|m w IH]; intros s s' H; simpl; [easy|].
  destruct (IH _ _ (made_same s s' m H)) as [H1 H2]. split; [|easy].
  intros [Hm Hw]. split; [now apply (legal_same s)|auto].
Qed.

Lemma all_app w v : forall s, (all_legal s (w ++ v) <-> all_legal s w /\ all_legal (all_made s w) v) /\
  all_made s (w ++ v) = all_made (all_made s w) v.
Proof.
  induction w as [|m w IH]; intros s; simpl; [tauto|]. destruct (IH (made s m)) as [H1 ->]. split; [tauto|easy].
Qed.

Lemma run_continues w : forall s, all_legal s w -> continues s (all_made s w).
Proof.
  induction w as [|[[t a] p] w IH]; intros s H; simpl; [constructor|]. destruct H as [[Hin Hp] Hw].
  apply (goes_on s t (step_to s t a p)); [now exists a p|now apply IH].
Qed.

Lemma continues_run s s' : continues s s' -> exists w, all_legal s w /\ s' = all_made s w.
Proof.
  induction 1 as [s|s t s1 s2 Hs _ (w & Hw & ->)]; [now exists []|]. destruct Hs as [a p Hin Hp ->].
  exists ((t, a, p) :: w). simpl. auto.
Qed.

(** ** Giving back commutes with what the others do *)

Definition no_tries (r : R) : Prop := forall t x n p, ~ In (Refused r n, p) (steps W t x).

(** The task can do nothing but give back [n] of [r], which it has. *)
Definition only_gives (s : state W) (t : T) (r : R) (n : nat) (p : point W) : Prop :=
  steps W t (at_point s t) = [(Give r n, p)] /\ 0 < n <= holds s t r /\ no_tries r.

Lemma without_zero (t : T) (r : R) l : without t r 0 l = l.
Proof. now destruct l. Qed.

Lemma without_app_other (t : T) (r : R) n e l : of_both t r e = false ->
  forall m, without t r n (repeat e m ++ l) = repeat e m ++ without t r n l.
Proof.
  intros He. destruct n as [|n]; [intros m; now rewrite !without_zero|].
  induction m as [|m IH]; [easy|]. simpl. now rewrite He, IH.
Qed.

Lemma without_without (t : T) (r : R) n (u : T) (q : R) m : t <> u -> forall l,
  without t r n (without u q m l) = without u q m (without t r n l).
Proof.
  intros Hn l. revert n m. induction l as [|e l IH]; intros n m; [easy|].
  destruct n as [|n]; [now rewrite !without_zero|]. destruct m as [|m]; [now rewrite !without_zero|].
  simpl. destruct (of_both t r e) eqn:E1; destruct (of_both u q e) eqn:E2; simpl; rewrite ?E1, ?E2; auto.
  - exfalso. unfold of_both in *. apply andb_true_iff in E1 as [E1 _]. apply andb_true_iff in E2 as [E2 _].
    apply is_task_true in E1. apply is_task_true in E2. congruence.
  - now rewrite IH.
Qed.

Lemma of_both_other (t u : T) (r q : R) : t <> u -> of_both t r (u, q) = false.
Proof. intros H. unfold of_both; simpl. apply is_task_false in H. now rewrite H. Qed.

Lemma give_commutes s t r n p u a q : t <> u -> n <= holds s t r ->
  same (made (made s (t, Give r n, p)) (u, a, q)) (made (made s (u, a, q)) (t, Give r n, p)).
Proof.
  intros Hn Hh. split; simpl.
  - intros v. unfold moved; simpl; unfold moved.
    destruct (is_task u v) eqn:Eu; destruct (is_task t v) eqn:Et; try easy.
    apply is_task_true in Eu. apply is_task_true in Et. congruence.
  - unfold holds in Hh. apply Nat.leb_le in Hh. rewrite Hh.
    assert (Hafter : amount (of_both t r) (after u a (held s)) = amount (of_both t r) (held s)).
    { apply amount_after_other. intros x. now apply of_both_other. }
    rewrite Hafter, Hh. destruct a as [x m|x m|x m|]; simpl; try easy.
    + symmetry. apply without_app_other. now apply of_both_other.
    + assert (Hw : amount (of_both u x) (without t r n (held s)) = amount (of_both u x) (held s)).
      { apply Nat.leb_le in Hh. rewrite (amount_without t r n (held s) (of_both u x) Hh).
        rewrite of_both_other by congruence. lia. }
      rewrite Hw. destruct (m <=? amount (of_both u x) (held s)); [|easy].
      apply without_without. congruence.
Qed.

Lemma give_used s t r n p q : n <= holds s t r ->
  used (made s (t, Give r n, p)) q = used s q - if is_resource q r then n else 0.
Proof.
  intros H. unfold used, holds in *. simpl. pose proof H as H'. apply Nat.leb_le in H. rewrite H.
  pose proof (amount_without t r n (held s) (of_resource q) H') as Hw. unfold of_resource at 3 in Hw; simpl in Hw.
  destruct (is_resource q r); lia.
Qed.

Lemma others_can_still s t r n p u a : t <> u -> only_gives s t r n p ->
  (exists q, In (a, q) (steps W u (at_point s u))) -> possible s u a = true ->
  possible (made s (t, Give r n, p)) u a = true.
Proof.
  intros Hn (_ & Hh & Htry) [q Hin] Hp.
  assert (Hsame : forall x, reserve (made s (t, Give r n, p)) u x = reserve s u x).
  { intros x. unfold reserve. cbn [made]. now rewrite holds_after_other. }
  destruct a as [x m|x m|x m|]; try easy.
  - change (possible s u (Take x m)) with (fits s u x m (used s x)) in Hp.
    change (fits (made s (t, Give r n, p)) u x m (used (made s (t, Give r n, p)) x) = true).
    unfold fits in *. rewrite Hsame, give_used by lia. apply Nat.leb_le in Hp. apply Nat.leb_le. lia.
  - change (possible s u (Refused x m)) with (negb (fits s u x m (used s x))) in Hp.
    change (negb (fits (made s (t, Give r n, p)) u x m (used (made s (t, Give r n, p)) x)) = true).
    unfold fits in *. rewrite Hsame, give_used by lia. destruct (is_resource x r) eqn:E.
    + apply is_resource_true in E. subst x. destruct (Htry u _ m q Hin).
    + now rewrite Nat.sub_0_r.
Qed.

Definition of_others (t : T) (w : list move) : Prop := forall u a p, In (u, a, p) w -> u <> t.

Lemma still_only_gives s t r n p u a q : t <> u -> only_gives s t r n p ->
  only_gives (made s (u, a, q)) t r n p.
Proof.
  intros Hn (Hs & Hh & Htry). unfold only_gives. cbn [made].
  rewrite at_point_other, holds_after_other by congruence. auto.
Qed.

(** Steps of the others can be taken after it as well, and lead to the same state. *)
Lemma give_first t r n p : forall w s, only_gives s t r n p -> of_others t w -> all_legal s w ->
  all_legal (made s (t, Give r n, p)) w /\
  same (all_made (made s (t, Give r n, p)) w) (made (all_made s w) (t, Give r n, p)).
Proof.
  induction w as [|[[u a] q] w IH]; intros s Hg Ho Hl; simpl all_legal; simpl all_made; [now split; [|apply same_refl]|].
  destruct Hl as [[Hin Hp] Hw].
  assert (Hn : t <> u) by (intros ->; apply (Ho u a q); [now left|easy]).
  destruct (IH (made s (u, a, q))) as [H1 H2].
  { now apply still_only_gives. }
  { intros v b x Hv. apply (Ho v b x). now right. }
  { easy. }
  assert (Hc : same (made (made s (u, a, q)) (t, Give r n, p)) (made (made s (t, Give r n, p)) (u, a, q))).
  { apply same_sym, give_commutes; [easy|]. now destruct Hg as (_ & ? & _). }
  destruct (all_same w _ _ Hc) as [H3 H4]. split; [split|].
  - split; [|apply others_can_still; eauto].
    pose proof (at_point_other s t (Give r n) p u Hn) as E. simpl in E |- *. now rewrite E.
  - now apply H3.
  - eapply same_trans; [apply same_sym, H4|exact H2].
Qed.

(** ** The reduced search *)

Variable pick : state W -> option (T * R * nat * point W).
Hypothesis picked_only_gives : forall s t r n p, pick s = Some (t, r, n, p) -> only_gives s t r n p.

Definition may_take (s : state W) (m : move) : Prop :=
  match pick s with Some (t, r, n, p) => m = (t, Give r n, p) | None => True end.

Fixpoint reduced_run (s : state W) (w : list move) : Prop :=
  match w with [] => True | m :: w => legal s m /\ may_take s m /\ reduced_run (made s m) w end.

Lemma reduced_is_a_run w : forall s, reduced_run s w -> all_legal s w.
Proof. induction w as [|m w IH]; intros s; simpl; [easy|]. intros (H1 & _ & H2). auto. Qed.

Lemma split_at_task (t : T) (w : list move) :
  of_others t w \/ exists w1 a p w2, w = w1 ++ (t, a, p) :: w2 /\ of_others t w1.
Proof.
  induction w as [|[[u a] p] w IH]; [left; now intros v b q []|].
  destruct (same_task W u t) as [->|Hn].
  - right. exists [], a, p, w. split; [easy|]. now intros v b q [].
  - destruct IH as [IH|(w1 & b & q & w2 & -> & Ho)].
    + left. intros v b q [E|Hv]; [now injection E as <- <- <-|now apply (IH v b q)].
    + right. exists ((u, a, p) :: w1), b, q, w2. split; [easy|].
      intros v c x [E|Hv]; [now injection E as <- <- <-|now apply (Ho v c x)].
Qed.

Lemma others_leave_it t : forall w s, of_others t w -> at_point (all_made s w) t = at_point s t.
Proof.
  induction w as [|[[u a] p] w IH]; intros s Ho; [easy|]. simpl. rewrite IH.
  - cbn [made]. apply at_point_other. apply (Ho u a p). now left.
  - intros v b q Hv. apply (Ho v b q). now right.
Qed.

Lemma give_is_legal s t r n p : only_gives s t r n p -> legal s (t, Give r n, p).
Proof. intros (Hs & _). simpl. rewrite Hs. split; [now left|easy]. Qed.

Lemma give_less s t r n p : only_gives s t r n p -> length (held (made s (t, Give r n, p))) < length (held s).
Proof.
  intros (_ & Hh & _). unfold holds in Hh. cbn [made step_to held after].
  assert (n <=? amount (of_both t r) (held s) = true) as -> by (apply Nat.leb_le; lia).
  pose proof (amount_without t r n (held s) (fun _ => true)) as H. unfold amount in H at 2 3.
  assert (Hall : forall l : list (T * R), filter (fun _ => true) l = l).
  { induction l as [|e l IH]; simpl; [easy|]. now rewrite IH. }
  rewrite !Hall in H. lia.
Qed.

Theorem every_run_is_there (s : state W) (w : list move) : all_legal s w ->
  exists v more, reduced_run s v /\ all_legal (all_made s w) more /\
    same (all_made s v) (all_made (all_made s w) more).
Proof.
  assert (H : forall k h s w, length w <= k -> length (held s) <= h -> all_legal s w ->
      exists v more, reduced_run s v /\ all_legal (all_made s w) more /\
        same (all_made s v) (all_made (all_made s w) more)).
  { clear s w. induction k as [k IHk] using (well_founded_induction Nat.lt_wf_0).
    induction h as [h IHh] using (well_founded_induction Nat.lt_wf_0). intros s w Hk Hh Hl.
    destruct (pick s) as [[[[t r] n] p]|] eqn:Ep.
    - pose proof (picked_only_gives s t r n p Ep) as Hg. set (g := (t, Give r n, p)).
      destruct (split_at_task t w) as [Ho|(w1 & a & q & w2 & -> & Ho)].
      + (* the task does not move in w: it gives back after it *)
        destruct (give_first t r n p w s Hg Ho Hl) as [Hl1 Hs1].
        destruct (IHh (length (held (made s g)))) with (s := made s g) (w := w) as (v & more & Hv & Hm & Hsame); auto.
        { pose proof (give_less s t r n p Hg). unfold g. lia. }
        destruct (all_same more _ _ Hs1) as [Hm1 Hm2].
        exists (g :: v), (g :: more). split; [|split].
        * simpl reduced_run. split; [now apply give_is_legal|]. split; [|easy]. unfold may_take. now rewrite Ep.
        * split; [|now apply Hm1]. unfold g, legal. rewrite others_leave_it by easy.
          destruct Hg as (-> & _). split; [now left|easy].
        * simpl all_made. eapply same_trans; [exact Hsame|exact Hm2].
      + (* its first move in w is put first *)
        apply all_app in Hl as [Hl1 Hl2]. destruct Hl2 as [[Hin Hp] Hl2].
        rewrite others_leave_it in Hin by easy. pose proof Hg as (Hs & _). rewrite Hs in Hin.
        destruct Hin as [E|[]]. injection E as <- <-.
        destruct (give_first t r n p w1 s Hg Ho Hl1) as [Hl1' Hs1]. fold g in Hl1', Hs1.
        destruct (all_same w2 _ _ (same_sym _ _ Hs1)) as [Hl2' Hs2].
        destruct (IHk (length (w1 ++ w2))) with (h := length (held (made s g))) (s := made s g) (w := w1 ++ w2)
          as (v & more & Hv & Hm & Hsame); auto.
        { rewrite app_length in *. simpl in Hk. lia. }
        { apply all_app. split; [easy|]. now apply Hl2'. }
        rewrite (proj2 (all_app w1 w2 (made s g))) in Hm, Hsame.
        rewrite (proj2 (all_app w1 ((t, Give r n, p) :: w2) s)). simpl all_made.
        destruct (all_same more _ _ (same_sym _ _ Hs2)) as [Hm1 Hm2].
        exists (g :: v), more. split; [|split].
        * simpl reduced_run. split; [now apply give_is_legal|]. split; [|easy]. unfold may_take. now rewrite Ep.
        * now apply Hm1.
        * simpl all_made. eapply same_trans; [exact Hsame|exact Hm2].
    - destruct w as [|m w].
      + exists [], []. simpl. repeat split.
      + destruct Hl as [Hm Hl]. simpl in Hk.
        destruct (IHk (length w)) with (h := length (held (made s m))) (s := made s m) (w := w)
          as (v & more & Hv & Hmore & Hsame); auto.
        exists (m :: v), more. split; [|easy]. simpl reduced_run. split; [easy|]. split; [|easy].
        unfold may_take. now rewrite Ep. }
  intros Hl. now apply (H (length w) (length (held s)) s w).
Qed.

(** ** What is kept *)

Definition reduced_reaches (s s' : state W) : Prop := exists v, reduced_run s v /\ same (all_made s v) s'.

Theorem releases_first_keeps_every_last_state (s z : state W) :
  continues s z -> (forall t, ~ can_move z t) -> reduced_reaches s z.
Proof.
  intros Hc Hlast. apply continues_run in Hc as (w & Hw & ->).
  destruct (every_run_is_there s w Hw) as (v & more & Hv & Hm & Hs). exists v. split; [easy|].
  destruct more as [|[[t a] p] more]; [easy|]. destruct Hm as [[Hin Hp] _].
  destruct (Hlast t). exists (step_to (all_made s w) t a p). now exists a p.
Qed.

Lemma stuck_same K s s' : same s s' -> stuck K s -> stuck K s'.
Proof.
  intros [H1 H2] H t Ht. destruct (H t Ht) as [He Hc].
  assert (Hend : forall u, ended s' u = ended s u) by (intros u; unfold ended; now rewrite H1).
  split; [now rewrite Hend|]. rewrite <- Hc. unfold could_move. rewrite <- H1.
  assert (Hu : forall r, used_by (keepers K s') s' r = used_by (keepers K s) s r).
  { intros r. unfold used_by. rewrite H2. apply amount_same. intros e _. unfold of_set, keepers. now rewrite Hend. }
  induction (steps W t (at_point s t)) as [|[a p] l IH]; [easy|]. simpl. rewrite IH. f_equal.
  destruct a as [r n|r n|r n|]; try easy. simpl. rewrite Hu. unfold fits, reserve, holds. now rewrite H2.
Qed.

Theorem releases_first_keeps_stuck_sets (s z : state W) (K : T -> bool) :
  continues s z -> stuck K z -> exists s', reduced_reaches s s' /\ stuck K s'.
Proof.
  intros Hc HK. apply continues_run in Hc as (w & Hw & ->).
  destruct (every_run_is_there s w Hw) as (v & more & Hv & Hm & Hs).
  exists (all_made (all_made s w) more). split; [now exists v|].
  eapply stuck_continues; [exact HK|]. now apply run_continues.
Qed.

End OneSystem.
