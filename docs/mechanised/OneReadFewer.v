(** * 1024 slots a series, 1023 reads, any number of faults: no deadlock

    docs/the-thread.md, "The ordering doesn't matter": reads take DEFAULT and then PAGETABLE, faults
    PAGETABLE and then DEFAULT. "It takes as many reads as DEFAULT has slots and as many faults as
    PAGETABLE has. With one fewer of either, any number of the other is safe." There is no order
    here, so the equations decide: [one_read_fewer_never_deadlocks], by a certificate of two
    refutations that the checker of Certificate.v looks at. The faults may be infinitely many.

    The scenario is scenarios/pte-highmem/read-against-fault-1024-slots-one-read-fewer.json. Each
    page has one user here, as in System.v. *)

From Coq Require Import List ZArith Arith Bool Lia.
From Kmapcheck Require Import System Stuck Order LettingGo Equations Refutation Certificate.
Import ListNotations.

Inductive series : Type := DEFAULT | PAGETABLE.
Inductive path : Type := Read | Fault.

(** Of reads, those with a number from 1023 on are not there: they have ended at the start. *)
Definition first (p : path) : series := match p with Read => DEFAULT | Fault => PAGETABLE end.
Definition second (p : path) : series := match p with Read => PAGETABLE | Fault => DEFAULT end.
Definition there (t : path * nat) : bool := match fst t with Read => snd t <? 1023 | Fault => true end.

Definition program (t : path * nat) (x : nat) : list (action series * nat) :=
  match x with
  | 0 => [(Take (first (fst t)) 1, 1)]
  | 1 => [(Take (second (fst t)) 1, 2)]
  | 2 => [(Give (second (fst t)) 1, 3)]
  | 3 => [(Give (first (fst t)) 1, 4)]
  | _ => []
  end.

Definition reads_and_faults : system.
Proof.
  refine {| task := path * nat; resource := series; point := nat; capacity := fun _ => 1024;
    kept_for_holders := fun _ => 0; start := fun t => if there t then 0 else 4; steps := program |}.
  - decide equality; [apply Nat.eq_dec|decide equality].
  - decide equality.
  - intros t x r n y H. exfalso. do 4 (destruct x as [|x]; [now destruct H|]). destruct H.
Defined.

Notation W := reads_and_faults.

(** ** What tasks hold where *)

Definition has_at (t : path * nat) (x : nat) (r : series) : nat :=
  match x with
  | 1 | 3 => if is_resource (W := W) r (first (fst t)) then 1 else 0
  | 2 => 1
  | _ => 0
  end.

Lemma has_what_it_took (s : state W) : reachable s ->
  forall t, (there t = false -> at_point s t = 4) /\ forall r, holds s t r = has_at t (at_point s t) r.
Proof.
  assert (H : forall s s' : state W, continues s s' ->
      (forall t, (there t = false -> at_point s t = 4) /\ forall r, holds s t r = has_at t (at_point s t) r) ->
      forall t, (there t = false -> at_point s' t = 4) /\ forall r, holds s' t r = has_at t (at_point s' t) r).
  { induction 1 as [|s0 u s1 s2 Hs _ IH]; [easy|]. intros H. apply IH. clear IH. intros t.
    destruct (same_task W u t) as [->|Hn].
    - specialize (H t) as [Hno Hhas]. pose proof Hs as [a p Hin _ ->]. rewrite at_point_self. split.
      + intros Ht. specialize (Hno Ht). rewrite Hno in Hin. destruct Hin.
      + intros r. rewrite holds_after_self. simpl in Hin.
        remember (at_point s0 t) as x eqn:Ex. clear Ex Hno Hs.
        destruct x as [|[|[|[|x]]]]; simpl in Hin; try easy; destruct Hin as [E|[]]; injection E as <- <-;
          unfold own_after; rewrite !Hhas; destruct t as [[|] n], r; reflexivity.
    - destruct (H t) as [Hno Hhas].
      destruct (step_other s0 s1 u t Hs Hn) as (Hp & Hh & _). rewrite Hp. split; [easy|].
      intros r. now rewrite Hh. }
  intros Hre. apply (H initial s Hre). intros t. simpl. split; [now intros ->|]. intros r. now destruct (there t).
Qed.

Lemma nothing_leaks : no_leaks (W := W).
Proof.
  intros s t r Hre He. destruct (has_what_it_took s Hre t) as [_ ->]. unfold ended in He. simpl in He.
  now destruct (at_point s t) as [|[|[|[|x]]]].
Qed.

(** ** Kinds, and the certificate *)

Definition template_of (t : path * nat) : option path := if there t then Some (fst t) else None.
Definition same_template : forall a b : option path, {a = b} + {a <> b}.
Proof. decide equality. decide equality. Defined.
Definition instances (m : option path) : option nat := match m with Some Read => Some 1023 | _ => None end.

Definition kind_at (p : path) (x : nat) : kind (W := W) (templates := option path) :=
  match x with
  | 0 => {| of_template := Some p; waits_for := first p : resource W; units := 1; has := fun _ => 0 |}
  | _ => {| of_template := Some p; waits_for := second p : resource W; units := 1;
            has := fun r => if is_resource (W := W) r (first p) then 1 else 0 |}
  end.
Definition kinds := [kind_at Read 0; kind_at Read 1; kind_at Fault 0; kind_at Fault 1].

Lemma kinds_complete :
  every_waiting_task_has_a_kind (W := W) template_of kinds (fun s t => kind_at (fst t) (at_point s t)).
Proof.
  intros s t Hre He Htake. destruct (has_what_it_took s Hre t) as [Hno Hhas].
  assert (Ht : there t = true).
  { destruct (there t) eqn:E; [easy|]. unfold ended in He. rewrite (Hno eq_refl) in He. easy. }
  assert (Hx : at_point s t = 0 \/ at_point s t = 1).
  { unfold ended in He. simpl in He, Htake. destruct (at_point s t) as [|[|[|[|x]]]]; auto; try easy.
    all: destruct (Htake _ _ (or_introl eq_refl)) as (r & n & E); discriminate. }
  unfold template_of, asks. simpl. rewrite Ht. destruct Hx as [Hx|Hx]; rewrite Hx in *.
  - split; [destruct t as [[|] n]; simpl; auto|]. split; [easy|]. split; [exists 1; now left|].
    intros r. now rewrite Hhas.
  - split; [destruct t as [[|] n]; simpl; auto|]. split; [easy|]. split; [exists 2; now left|].
    intros r. now rewrite Hhas.
Qed.

Lemma instances_counted m n : instances m = Some n ->
  forall l : list (task W), NoDup l -> (forall t, In t l -> template_of t = m) -> length l <= n.
Proof.
  intros Hm l Hnd Hl. destruct m as [[|]|]; try easy. injection Hm as <-.
  assert (Hin : forall t, In t l -> t = (Read, snd t) /\ snd t < 1023).
  { intros [p i] Ht. specialize (Hl _ Ht). unfold template_of, there in Hl. simpl in *.
    destruct p; [|easy]. destruct (i <? 1023) eqn:E; [|easy]. now apply Nat.ltb_lt in E. }
  assert (Hle : length (map snd (l : list (path * nat))) <= length (seq 0 1023));
    [apply NoDup_incl_length|rewrite map_length, seq_length in Hle; exact Hle].
  - clear Hl. induction Hnd as [|t l Ht Hnd IH]; [constructor|]. simpl. constructor.
    + intros H. apply in_map_iff in H as (u & E & Hu). apply Ht.
      destruct (Hin t (or_introl eq_refl)) as [-> _]. destruct (Hin u (or_intror Hu)) as [Eu _].
      rewrite <- E, <- Eu. easy.
    + apply IH. intros u Hu. apply Hin. now right.
  - intros i Hi. apply in_map_iff in Hi as (t & <- & Ht). apply in_seq. destruct (Hin t Ht). lia.
Qed.

(** On one series alone, its slots are held by tasks that wait for the other; on both, there are too
    few reads. *)
Definition refutations : list (list node) :=
  [ [Leaf [(1, 1%N); (2, 1%N)]]; [Leaf [(2, 1%N); (9, 1%N)]] ].

Theorem one_read_fewer_never_deadlocks :
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  apply (certified_no_deadlock (W := W) same_template template_of instances kinds
    ([DEFAULT; PAGETABLE] : list (resource W)) [Some Read]) with
    (kind_of := fun (s : state W) (t : task W) => kind_at (fst t) (at_point s t)) (refutations := refutations).
  - intros [|]; simpl; auto.
  - exact instances_counted.
  - exact nothing_leaks.
  - exact kinds_complete.
  - vm_compute. reflexivity.
Qed.
