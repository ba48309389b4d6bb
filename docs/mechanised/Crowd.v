(** * Every number explored at once: holders before a crowd

    Proves, of docs/proofs.md, "Every number explored at once": tasks that hold nothing are not
    counted. They are the crowd, a set of places of task programs; a state of the exploration is the
    tasks that hold something, with a crowd. Whatever is closed as the page says ([explored]) contains
    what a run with any number of tasks, also infinitely many, comes to, once the tasks of the crowd
    are left out ([every_state_is_explored]). If no explored state has stuck holders, alone or beside
    one task of the crowd, and no such task is stuck by itself, no run has a stuck set
    ([nobody_stuck_before_a_crowd_nobody_stuck]).

    What is said of a local state is which program, where in it, and how much it holds of each
    resource. Explored states are lists of these, and it makes no difference in which order.

    Each state has a crowd of its own, which only grows along a run, as in docs/search.md, "Settling
    real sizes"; that all have the same one, as for ["any"], is a case of it ([one_crowd_for_all]).
    Left out, as in System.v: worlds with stale mappings, queues, CPUs, what anybody may give. *)

From Coq Require Import List Arith Bool Lia Permutation.
From Kmapcheck Require Import System Stuck Invariants LettingGo.
Import ListNotations.

Section OneSystem.
Context {W : system}.
Notation T := (task W).
Notation R := (resource W).

(** Tasks run task programs. *)
Context {templates : Type}.
Variable template_of : T -> templates.
Variable program : templates -> point W -> list (action R * point W).
Hypothesis runs_its_program : forall t x, steps W t x = program (template_of t) x.

Record local : Type := { of_template : templates; place : point W; has : R -> nat }.

Definition alike (x y : local) : Prop :=
  of_template x = of_template y /\ place x = place y /\ forall r, has x r = has y r.

(** What such tasks hold together. *)
Definition total (l : list local) (r : R) : nat := sum (fun x => has x r) l.

Definition granted (x : local) (in_use : R -> nat) (r : R) (n : nat) : bool :=
  in_use r + n + (if has x r =? 0 then kept_for_holders W r else 0) <=? capacity W r.

Definition can_do (x : local) (in_use : R -> nat) (a : action R) : bool :=
  match a with
  | Take r n => granted x in_use r n
  | Refused r n => negb (granted x in_use r n)
  | Give _ _ | Silent => true
  end.

Definition then_is (x : local) (a : action R) (p : point W) : local :=
  {| of_template := of_template x; place := p; has := own_after a (has x) |}.

Definition empty_handed (x : local) : Prop := forall r, has x r = 0.
Definition holding (x : local) : Prop := exists r, 0 < has x r.

(** Places in task programs. *)
Definition crowd : Type := templates -> point W -> Prop.
(** The second has all that the first has. *)
Definition grows (c d : crowd) : Prop := forall m p, c m p -> d m p.

(** The states of the exploration: those who hold something, and a crowd. *)
Variable states : list local -> crowd -> Prop.

Record explored : Prop := {
  at_first : exists c : crowd, states [] c /\ forall t, c (template_of t) (start W t);
  order_does_not_matter : forall l l' c, Permutation l l' -> states l c -> states l' c;
  amounts_matter : forall l l' c, Forall2 alike l l' -> states l c -> states l' c;
  (** A holder takes a step; if it then holds nothing, it joins the crowd. *)
  holder_steps : forall x l c a p, states (x :: l) c -> holding x ->
    In (a, p) (program (of_template x) (place x)) -> can_do x (total (x :: l)) a = true ->
    (holding (then_is x a p) -> exists d, states (then_is x a p :: l) d /\ grows c d) /\
    (empty_handed (then_is x a p) -> exists d, states l d /\ grows c d /\ d (of_template x) p);
  (** A task of the crowd takes a step; if it then holds something, it is a holder. *)
  crowd_steps : forall x l c a p, states l c -> c (of_template x) (place x) -> empty_handed x ->
    In (a, p) (program (of_template x) (place x)) -> can_do x (total l) a = true ->
    (holding (then_is x a p) -> exists d, states (then_is x a p :: l) d /\ grows c d) /\
    (empty_handed (then_is x a p) -> exists d, states l d /\ grows c d /\ d (of_template x) p)
}.

(** ** What a state comes to, without the crowd *)

Definition local_of (s : state W) (t : T) : local :=
  {| of_template := template_of t; place := at_point s t; has := holds s t |}.

Definition holders_of (s : state W) (l : list T) : Prop :=
  NoDup l /\ forall t, In t l <-> has_something s t = true.

Lemma has_nothing (s : state W) t : has_something s t = false <-> empty_handed (local_of s t).
Proof.
  split.
  - intros H r. simpl. destruct (holds s t r) eqn:E; [easy|].
    assert (has_something s t = true) by (apply has_something_true; exists r; lia). congruence.
  - intros H. destruct (has_something s t) eqn:E; [|easy].
    apply has_something_true in E as (r & Hr). specialize (H r). simpl in H. lia.
Qed.

Lemma there_are_holders (s : state W) : exists l, holders_of s l.
Proof.
  exists (nodup (same_task W) (map fst (held s))). split; [apply NoDup_nodup|].
  intros t. rewrite nodup_In. unfold has_something. rewrite in_map_iff, existsb_exists. split.
  - intros (e & <- & He). exists e. split; [easy|]. apply is_task_refl.
  - intros (e & He & E). apply is_task_true in E. exists e. now split.
Qed.

Lemma total_is_used (s : state W) l : holders_of s l -> forall r, total (map (local_of s) l) r = used s r.
Proof.
  intros [Hnd Hl] r. rewrite <- (used_by_all (among l)).
  - rewrite used_by_sum by easy. unfold total. clear. induction l as [|t l IH]; simpl; [easy|]. now rewrite IH.
  - intros t Ht. apply among_true, Hl, has_something_true. eauto.
Qed.

Lemma can_do_possible (s : state W) t a in_use : (forall r, in_use r = used s r) ->
  can_do (local_of s t) in_use a = possible s t a.
Proof.
  intros H. destruct a as [r n|r n|r n|]; simpl; try easy;
    unfold granted, available, fits, reserve; simpl; now rewrite H.
Qed.

Lemma stepped_alike (s : state W) t a p :
  alike (then_is (local_of s t) a p) (local_of (step_to s t a p) t).
Proof.
  split; [easy|]. split.
  - simpl. unfold moved. now rewrite is_task_refl.
  - intros r. cbn [has then_is local_of]. symmetry. apply holds_after_self.
Qed.

Lemma others_alike (s : state W) t a p l : ~ In t l ->
  Forall2 alike (map (local_of s) l) (map (local_of (step_to s t a p)) l).
Proof.
  intros Ht. induction l as [|u l IH]; [constructor|]. simpl. constructor.
  - assert (t <> u) by (intros ->; apply Ht; now left). split; [easy|]. split; simpl.
    + symmetry. change (at_point (step_to s t a p) u = at_point s u). now apply at_point_other.
    + intros r. symmetry. now apply holds_after_other.
  - apply IH. intros H. apply Ht. now right.
Qed.

Lemma alike_empty x y : alike x y -> (empty_handed x <-> empty_handed y).
Proof. intros (_ & _ & H). unfold empty_handed. split; intros Hx r; [rewrite <- H|rewrite H]; apply Hx. Qed.

Lemma alike_holding x y : alike x y -> (holding x <-> holding y).
Proof. intros (_ & _ & H). unfold holding. split; intros (r & Hr); exists r; [rewrite <- H|rewrite H]; exact Hr. Qed.

Definition contained (s : state W) : Prop := exists c : crowd,
  (forall t, has_something s t = false -> c (template_of t) (at_point s t)) /\
  forall l, holders_of s l -> states (map (local_of s) l) c.

(** The same holders, in another order. *)
Lemma same_holders (H : explored) (s : state W) l l' c : holders_of s l -> holders_of s l' ->
  states (map (local_of s) l) c -> states (map (local_of s) l') c.
Proof.
  intros [Hnd Hl] [Hnd' Hl']. apply (order_does_not_matter H), Permutation_map, NoDup_Permutation; auto.
  intros t. now rewrite Hl, Hl'.
Qed.

Lemma has_something_other (s : state W) t a p u : t <> u ->
  has_something (step_to s t a p) u = has_something s u.
Proof.
  intros Hn. destruct (has_something s u) eqn:E.
  - apply has_something_true in E as (r & Hr). apply has_something_true. exists r. now rewrite holds_after_other.
  - apply has_nothing. apply has_nothing in E. intros r. specialize (E r). simpl in *. now rewrite holds_after_other.
Qed.

Theorem every_state_is_explored (s : state W) : explored -> reachable s -> contained s.
Proof.
  intros H. revert s. apply (always contained).
  - destruct (at_first H) as (c & Hc & Hstart). exists c. split.
    + intros t _. apply Hstart.
    + intros [|t l] [_ Hl]; [easy|].
      specialize (Hl t). now destruct Hl as [Hl _]; specialize (Hl (or_introl eq_refl)).
  - intros s u s' (c & Hcrowd & Hstates) [a p Hin Hp ->].
    destruct (there_are_holders s) as (l & Hl).
    set (others := filter (fun t => negb (is_task u t)) l).
    assert (Hothers : forall t, In t others <-> has_something s t = true /\ u <> t).
    { intros t. unfold others. rewrite filter_In, negb_true_iff, is_task_false. now rewrite (proj2 Hl). }
    assert (Hnu : ~ In u others) by (intros Hu; apply Hothers in Hu as [_ Hu]; congruence).
    assert (Hndo : NoDup others) by (apply NoDup_filter; apply Hl).
    rewrite runs_its_program in Hin.
    assert (Hnow : forall q, has_something s u = q -> holders_of s (if q then u :: others else others)).
    { intros [|] Eq; split; auto; try (now constructor); intros t; simpl; rewrite Hothers.
      - split; [intros [<-|[? _]]; congruence|]. intros Ht. destruct (same_task W u t); auto.
      - split; [tauto|]. intros Ht. split; [easy|]. congruence. }
    assert (Hthen : forall q, has_something (step_to s u a p) u = q ->
        holders_of (step_to s u a p) (if q then u :: others else others)).
    { intros [|] Eq; split; auto; try (now constructor); intros t; simpl; rewrite Hothers.
      - split; [intros [<-|[Ht Hn]]; [easy|now rewrite has_something_other]|].
        intros Ht. destruct (same_task W u t) as [|Hn]; [auto|]. right. now rewrite has_something_other in Ht.
      - split; [intros [Ht Hn]; now rewrite has_something_other|].
        intros Ht. assert (u <> t) by congruence. now rewrite has_something_other in Ht. }
    (* what the exploration says of the step *)
    assert (Hstep : (holding (then_is (local_of s u) a p) -> exists d,
          states (then_is (local_of s u) a p :: map (local_of s) others) d /\ grows c d) /\
        (empty_handed (then_is (local_of s u) a p) -> exists d,
          states (map (local_of s) others) d /\ grows c d /\ d (template_of u) p)).
    { destruct (has_something s u) eqn:Eu.
      - specialize (Hnow true eq_refl). simpl in Hnow. pose proof (Hstates _ Hnow) as Hst. simpl in Hst.
        apply (holder_steps H (local_of s u) (map (local_of s) others) c a p); auto.
        + apply has_something_true in Eu as (r & Hr). now exists r.
        + change (local_of s u :: map (local_of s) others) with (map (local_of s) (u :: others)).
          rewrite can_do_possible; [easy|]. now apply total_is_used.
      - specialize (Hnow false eq_refl). simpl in Hnow. pose proof (Hstates _ Hnow) as Hst.
        apply (crowd_steps H (local_of s u) (map (local_of s) others) c a p); auto.
        + now apply Hcrowd.
        + now apply has_nothing.
        + rewrite can_do_possible; [easy|]. now apply total_is_used. }
    destruct Hstep as [Hhold Hempty]. pose proof (stepped_alike s u a p) as Ha.
    assert (Hothers_in : forall d, grows c d -> forall t, u <> t ->
        has_something (step_to s u a p) t = false -> d (template_of t) (at_point (step_to s u a p) t)).
    { intros d Hd t Hn Ht. apply Hd. rewrite at_point_other by easy. apply Hcrowd.
      now rewrite has_something_other in Ht. }
    destruct (has_something (step_to s u a p) u) eqn:Eu.
    + destruct Hhold as (d & Hd & Hgrow).
      { apply (alike_holding _ _ Ha). apply has_something_true in Eu as (r & Hr). now exists r. }
      exists d. split.
      * intros t Ht. destruct (same_task W u t) as [<-|Hn]; [congruence|now apply Hothers_in].
      * intros l' Hl'. apply (same_holders H _ (u :: others)); [now apply (Hthen true)|easy|].
        eapply (amounts_matter H); [|exact Hd]. simpl. constructor; [easy|]. now apply others_alike.
    + destruct Hempty as (d & Hd & Hgrow & Hhere).
      { apply (alike_empty _ _ Ha). now apply has_nothing. }
      exists d. split.
      * intros t Ht. destruct (same_task W u t) as [<-|Hn]; [|now apply Hothers_in].
        now rewrite at_point_self.
      * intros l' Hl'. apply (same_holders H _ others); [now apply (Hthen false)|easy|].
        eapply (amounts_matter H); [now apply others_alike|exact Hd].
Qed.

(** ** Stuck sets *)

Definition at_its_end (x : local) : bool :=
  match program (of_template x) (place x) with [] => true | _ => false end.

(** The tasks of [part] wait, and can go on by nothing that those of [rest] give back. *)
Definition stuck_part (part rest : list local) : Prop :=
  forall x, In x part -> at_its_end x = false /\
    forall a p, In (a, p) (program (of_template x) (place x)) ->
      exists r n, a = Take r n /\ granted x (total (part ++ filter at_its_end rest)) r n = false.

(** No explored state has stuck holders, alone or beside one task of the crowd, and no task of the
    crowd is stuck by itself (that is [part = []]). *)
Definition nobody_stuck_before_a_crowd : Prop :=
  (forall part rest c, states (part ++ rest) c -> part <> [] -> ~ stuck_part part rest) /\
  (forall x part rest c, states (part ++ rest) c -> c (of_template x) (place x) -> empty_handed x ->
    ~ stuck_part (x :: part) rest).

Lemma total_app l l' r : total (l ++ l') r = total l r + total l' r.
Proof. unfold total. induction l as [|x l IH]; simpl; lia. Qed.

Lemma stuck_in_a_view (s : state W) (part rest : list T) : NoDup (part ++ rest) ->
  (forall t, has_something s t = true -> In t (part ++ rest)) ->
  (forall t, In t part -> ended s t = false /\ could_move (keepers (among part) s) s t = false) ->
  stuck_part (map (local_of s) part) (map (local_of s) rest).
Proof.
  intros Hnd Hall Hst x Hx. apply in_map_iff in Hx as (t & <- & Ht). destruct (Hst t Ht) as [He Hc]. split.
  - unfold at_its_end. simpl. unfold ended in He. now rewrite runs_its_program in He.
  - intros a p Hin. simpl in Hin. rewrite <- runs_its_program in Hin.
    assert (Hno : match a with Take r n => fits s t r n (used_by (keepers (among part) s) s r)
        | Refused _ _ | Give _ _ | Silent => true end = false).
    { destruct (match a with Take r n => _ | _ => _ end) eqn:E; [|easy]. rewrite <- Hc. symmetry.
      apply existsb_exists. now exists (a, p). }
    destruct a as [r n|r n|r n|]; try easy. exists r, n. split; [easy|].
    unfold granted. simpl. unfold fits, reserve in Hno. rewrite <- Hno. f_equal. f_equal. f_equal.
    set (both := part ++ filter (ended s) rest).
    assert (Hnd' : NoDup both).
    { unfold both. clear - Hnd. induction part as [|u part IH]; simpl in *; [now apply NoDup_filter|].
      inversion Hnd as [|? ? Hu Hnd']; subst. constructor; [|auto]. intros Hin. apply Hu.
      apply in_app_iff in Hin as [|Hin]; apply in_app_iff; auto. right. now apply filter_In in Hin. }
    assert (Hview : map (local_of s) part ++ filter at_its_end (map (local_of s) rest) = map (local_of s) both).
    { unfold both. rewrite map_app. f_equal. clear - runs_its_program. induction rest as [|u rest IH]; [easy|]. simpl.
      assert (at_its_end (local_of s u) = ended s u) as ->.
      { unfold at_its_end, ended. simpl. now rewrite runs_its_program. }
      destruct (ended s u); simpl; now rewrite IH. }
    rewrite Hview.
    assert (Htotal : total (map (local_of s) both) r = used_by (among both) s r).
    { rewrite used_by_sum by easy. unfold total. clear. induction both as [|u l IH]; simpl; [easy|]. now rewrite IH. }
    rewrite Htotal. apply amount_same. intros [u q] Hu. unfold of_set; simpl. f_equal. unfold keepers.
    assert (Hin' : In u (part ++ rest)).
    { apply Hall, has_something_true. exists q. now apply holds_positive. }
    destruct (among both u) eqn:Eb; symmetry.
    + apply among_true in Eb. apply in_app_iff in Eb as [Eb|Eb].
      * apply among_true in Eb. now rewrite Eb.
      * apply filter_In in Eb as [_ ->]. apply orb_true_r.
    + apply among_false in Eb. apply orb_false_iff. split.
      * apply among_false. intros Hp. apply Eb. apply in_app_iff. now left.
      * destruct (ended s u) eqn:Eu; [|easy]. destruct Eb. apply in_app_iff.
        apply in_app_iff in Hin' as [|Hr]; [now left|]. right. now apply filter_In.
Qed.

Theorem nobody_stuck_before_a_crowd_nobody_stuck : explored -> nobody_stuck_before_a_crowd ->
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  intros H [Hholders Hone] s Hre K HK t. destruct (K t) eqn:Ht; [|easy]. exfalso.
  destruct (every_state_is_explored s H Hre) as (c & Hcrowd & Hstates).
  destruct (there_are_holders s) as (l & Hl). pose proof Hl as [Hnd Hin].
  set (part := filter K l). set (rest := filter (fun u => negb (K u)) l).
  assert (Hperm : Permutation l (part ++ rest)).
  { unfold part, rest. clear. induction l as [|u l IH]; [constructor|]. simpl. destruct (K u); simpl.
    - now constructor.
    - now apply Permutation_cons_app. }
  assert (Hst : states (map (local_of s) part ++ map (local_of s) rest) c).
  { rewrite <- map_app. apply (order_does_not_matter H (map (local_of s) l)); [now apply Permutation_map|auto]. }
  assert (Hnd' : NoDup (part ++ rest)) by (now apply (Permutation_NoDup Hperm)).
  assert (Hall : forall u, has_something s u = true -> In u (part ++ rest)).
  { intros u Hu. apply (Permutation_in u Hperm). now apply Hin. }
  (* who keeps what it has: the members of K that have something, whoever is with them *)
  assert (Hsub : forall m, (forall u, In u m -> K u = true) -> (forall u, In u part -> In u m) ->
      forall u, In u m -> ended s u = false /\ could_move (keepers (among m) s) s u = false).
  { intros m Hm Hpart u Hu. destruct (HK u (Hm u Hu)) as [He Hc]. split; [easy|].
    destruct (could_move (keepers (among m) s) s u) eqn:E; [|easy]. rewrite <- Hc. symmetry.
    unfold could_move in *. apply existsb_exists in E as ([a p] & Hs & Ha). apply existsb_exists.
    exists (a, p). split; [easy|]. destruct a as [r n|r n|r n|]; simpl in *; try easy.
    replace (used_by (keepers K s) s r) with (used_by (keepers (among m) s) s r); [easy|].
    apply amount_same. intros [v q] Hv. unfold of_set; simpl. f_equal. unfold keepers. f_equal.
    destruct (K v) eqn:Ev.
    - apply among_true, Hpart, filter_In. split; [|easy]. apply Hin, has_something_true.
      exists q. now apply holds_positive.
    - apply among_false. intros Hvm. apply Hm in Hvm. congruence. }
  assert (HpartK : forall u, In u part -> K u = true) by (intros u Hu; now apply filter_In in Hu).
  destruct (has_something s t) eqn:Et.
  - apply (Hholders (map (local_of s) part) (map (local_of s) rest) c Hst).
    + assert (Htp : In t part) by (apply filter_In; split; [now apply Hin|easy]).
      intros E. apply map_eq_nil in E. rewrite E in Htp. easy.
    + apply stuck_in_a_view; auto.
  - apply (Hone (local_of s t) (map (local_of s) part) (map (local_of s) rest) c); auto.
    + now apply Hcrowd.
    + now apply has_nothing.
    + change (local_of s t :: map (local_of s) part) with (map (local_of s) (t :: part)).
      apply stuck_in_a_view.
      * simpl. constructor; [|easy]. intros Htin. apply (Permutation_in t (Permutation_sym Hperm)) in Htin.
        apply Hin in Htin. congruence.
      * intros u Hu. simpl. right. auto.
      * apply Hsub; [intros u [<-|Hu]; auto|]. intros u Hu. now right.
Qed.

End OneSystem.

(** ** One crowd for all states *)

Section OneCrowd.
Context {W : system} {templates : Type}.
Variable template_of : task W -> templates.
Variable program : templates -> point W -> list (action (resource W) * point W).
Variable the_crowd : templates -> point W -> Prop.
Variable holders : list (local (W := W) (templates := templates)) -> Prop.

(** Every state has the same crowd, and what one state adds to it is in all. *)
Definition with_the_crowd (l : list local) (c : templates -> point W -> Prop) : Prop := holders l /\ c = the_crowd.

Theorem one_crowd_for_all :
  (forall t, the_crowd (template_of t) (start W t)) -> holders [] ->
  (forall l l', Permutation l l' -> holders l -> holders l') ->
  (forall l l', Forall2 alike l l' -> holders l -> holders l') ->
  (forall x l a p, holders (x :: l) -> holding x ->
    In (a, p) (program (of_template x) (place x)) -> can_do x (total (x :: l)) a = true ->
    (holding (then_is x a p) -> holders (then_is x a p :: l)) /\
    (empty_handed (then_is x a p) -> holders l /\ the_crowd (of_template x) p)) ->
  (forall x l a p, holders l -> the_crowd (of_template x) (place x) -> empty_handed x ->
    In (a, p) (program (of_template x) (place x)) -> can_do x (total l) a = true ->
    (holding (then_is x a p) -> holders (then_is x a p :: l)) /\
    (empty_handed (then_is x a p) -> the_crowd (of_template x) p)) ->
  explored template_of program with_the_crowd.
Proof.
  intros Hstart Hnil Hperm Halike Hholder Hcrowd. split.
  - exists the_crowd. repeat split; auto.
  - intros l l' c Hp [Hl ->]. split; eauto.
  - intros l l' c Hp [Hl ->]. split; eauto.
  - intros x l c a p [Hl ->] Hx Hin Hcan. destruct (Hholder x l a p Hl Hx Hin Hcan) as [H1 H2]. split.
    + intros H. exists the_crowd. split; [split; auto|]. now intros m q.
    + intros H. destruct (H2 H) as [H3 H4]. exists the_crowd. split; [split; auto|]. split; [now intros m q|easy].
  - intros x l c a p [Hl ->] Hx He Hin Hcan. destruct (Hcrowd x l a p Hl Hx He Hin Hcan) as [H1 H2]. split.
    + intros H. exists the_crowd. split; [split; auto|]. now intros m q.
    + intros H. exists the_crowd. split; [split; auto|]. split; [now intros m q|auto].
Qed.
End OneCrowd.
