(** * 1024 slots a series, 1023 reads, any number of faults: no deadlock

    docs/the-thread.md, "The ordering doesn't matter": reads take DEFAULT and then PAGETABLE, faults
    PAGETABLE and then DEFAULT. "It takes as many reads as DEFAULT has slots and as many faults as
    PAGETABLE has. With one fewer of either, any number of the other is safe." There is no order
    here, so the equations decide: [one_read_fewer_never_deadlocks], by a certificate that the
    checker of LocalStates.v looks at. The faults may be infinitely many. Nobody starves either
    ([one_read_fewer_nobody_starves]).

    The scenario is scenarios/pte-highmem/read-against-fault-1024-slots-one-read-fewer.json. Each
    page has one user here, as in System.v. *)

From Coq Require Import List ZArith Arith Bool Lia.
From Kmapcheck Require Import System Stuck Refutation LocalStates.
Import ListNotations.

Inductive series : Type := DEFAULT | PAGETABLE.
Inductive path : Type := Read | Fault.

(** A task is a read or a fault with a number. Of reads, those with a number from 1023 on are not
    there: they have no program. *)
Definition template_of (t : path * nat) : option path :=
  match t with (Read, i) => if i <? 1023 then Some Read else None | (Fault, _) => Some Fault end.

Definition first (p : path) : series := match p with Read => DEFAULT | Fault => PAGETABLE end.
Definition second (p : path) : series := match p with Read => PAGETABLE | Fault => DEFAULT end.

Definition program (m : option path) (x : nat) : list (action series * nat) :=
  match m, x with
  | Some p, 0 => [(Take (first p) 1, 1)]
  | Some p, 1 => [(Take (second p) 1, 2)]
  | Some p, 2 => [(Give (second p) 1, 3)]
  | Some p, 3 => [(Give (first p) 1, 4)]
  | _, _ => []
  end.

Definition instances (m : option path) : option nat := match m with Some Read => Some 1023 | _ => None end.

Definition reads_and_faults : system.
Proof.
  refine {| task := path * nat; resource := series; point := nat; capacity := fun _ => 1024;
    kept_for_holders := fun _ => 0; start := fun _ => 0; steps := fun t => program (template_of t) |}.
  - decide equality; [apply Nat.eq_dec|decide equality].
  - decide equality.
  - intros t x r n y H. exfalso. destruct (template_of t) as [p|]; [|destruct H].
    do 4 (destruct x as [|x]; [now destruct H|]). destruct H.
Defined.

Notation W := reads_and_faults.

Definition same_template : forall a b : option path, {a = b} + {a <> b}.
Proof. decide equality. decide equality. Defined.

Definition all : list (resource W) := [DEFAULT; PAGETABLE].
Definition programs : list (option path) := [Some Read; Some Fault; None].

Lemma declared : as_declared (W := W) template_of program (fun _ => 0) instances all programs.
Proof.
  split; try easy.
  - intros [|]; simpl; auto.
  - intros t. unfold programs. destruct (template_of t) as [[|]|]; simpl; auto.
  - intros m n Hm l Hnd Hl. destruct m as [[|]|]; try easy. injection Hm as <-.
    assert (Hin : forall t : path * nat, In t l -> t = (Read, snd t) /\ snd t < 1023).
    { intros [p i] Ht. specialize (Hl _ Ht). unfold template_of in Hl. simpl. destruct p; [|easy].
      destruct (i <? 1023) eqn:E; [|easy]. now apply Nat.ltb_lt in E. }
    assert (Hle : length (map snd (l : list (path * nat))) <= length (seq 0 1023));
      [apply NoDup_incl_length|rewrite map_length, seq_length in Hle; exact Hle].
    + clear Hl. induction Hnd as [|t l Ht Hnd IH]; [constructor|]. simpl. constructor.
      * intros H. apply in_map_iff in H as (u & E & Hu). apply Ht.
        destruct (Hin t (or_introl eq_refl)) as [-> _]. destruct (Hin u (or_intror Hu)) as [Eu _].
        rewrite <- E, <- Eu. easy.
      * apply IH. intros u Hu. apply Hin. now right.
    + intros i Hi. apply in_map_iff in Hi as (t & <- & Ht). apply in_seq. destruct (Hin t Ht). lia.
Qed.

(** ** The certificate *)

Definition at_ (m : option path) (x : nat) (of_default of_pagetable : nat) : local (W := W) (templates := option path) :=
  {| runs := m; place := x : point W; amounts := [of_default; of_pagetable] |}.

(** On one series alone, its slots are held by tasks that wait for the other; on both, there are too
    few reads. *)
Definition proof : certificate (W := W) (templates := option path) := {|
  locals := [
    at_ (Some Read) 0 0 0; at_ (Some Read) 1 1 0; at_ (Some Read) 2 1 1; at_ (Some Read) 3 1 0; at_ (Some Read) 4 0 0;
    at_ (Some Fault) 0 0 0; at_ (Some Fault) 1 0 1; at_ (Some Fault) 2 1 1; at_ (Some Fault) 3 0 1; at_ (Some Fault) 4 0 0;
    at_ None 0 0 0 ];
  order := [];
  refutations := [ [Leaf [(1, 1%N); (2, 1%N)]]; [Leaf [(2, 1%N); (9, 1%N)]] ];
  ranks := [0; 3; 2; 1; 0; 0; 3; 2; 1; 0; 0]
|}.

Lemma it_is_accepted : proves_nobody_starves (W := W) Nat.eq_dec same_template program (fun _ => 0) instances
  all programs proof = true.
Proof. vm_compute. reflexivity. Qed.

Theorem one_read_fewer_never_deadlocks :
  forall s : state W, reachable s -> forall K, stuck K s -> forall t, K t = false.
Proof.
  apply (checked_no_deadlock (W := W) Nat.eq_dec same_template template_of program (fun _ => 0) instances
    all programs declared proof).
  pose proof it_is_accepted as H. unfold proves_nobody_starves in H. now apply andb_true_iff in H.
Qed.

Theorem one_read_fewer_nobody_starves :
  forall (s : state W) (t : task W), reachable s -> ended s t = false -> can_ever_move s t.
Proof.
  exact (checked_nobody_starves (W := W) Nat.eq_dec same_template template_of program (fun _ => 0) instances
    all programs declared proof it_is_accepted).
Qed.

(** The checker is not too easy to please: with one read more it refuses the same certificate. *)
Example one_read_more_is_refused :
  proves_no_deadlock (W := W) Nat.eq_dec same_template program (fun _ => 0)
    (fun m => match m with Some Read => Some 1024 | _ => None end) all programs proof = false.
Proof. vm_compute. reflexivity. Qed.
