(** * A part of a finite graph that no edge leaves, and that hangs together

    Of docs/proofs.md, "Stuck-core equations": "This graph has a strongly connected component E that
    no edge leaves." [there_is_a_last_component] is that, for any finite graph whose edges can be
    looked at. *)

From Coq Require Import List Arith Bool Lia Relations.
Import ListNotations.

Section Graph.
Context {A : Type} (same : forall x y : A, {x = y} + {x <> y}).
Variable edge : A -> A -> bool.

Definition path : A -> A -> Prop := clos_refl_trans A (fun a b => edge a b = true).

(** No edge leads from [l] to the rest of [all]. *)
Definition closed (all l : list A) : Prop :=
  forall a b, In a l -> In b all -> edge a b = true -> In b l.

(** What can be reached from [r] within [all]. *)
Lemma what_is_reached all r : NoDup all -> In r all -> exists l,
  NoDup l /\ incl l all /\ In r l /\ (forall x, In x l -> path r x) /\ closed all l.
Proof.
  intros Hall Hr.
  assert (H : forall n l, length all - length l <= n -> NoDup l -> incl l all -> In r l ->
      (forall x, In x l -> path r x) ->
      exists l, NoDup l /\ incl l all /\ In r l /\ (forall x, In x l -> path r x) /\ closed all l).
  { induction n as [|n IH]; intros l Hn Hnd Hin Hrl Hp.
    all: destruct (existsb (fun a => existsb (fun b => edge a b && if in_dec same b l then false else true) all) l) eqn:E.
    2, 4: exists l; repeat split; auto; intros a b Ha Hb Hab;
      destruct (in_dec same b l) as [|Hnb] eqn:Eb; [easy|]; exfalso;
      enough (existsb (fun a => existsb (fun b => edge a b && if in_dec same b l then false else true) all) l = true)
        by congruence;
      apply existsb_exists; exists a; split; [easy|]; apply existsb_exists; exists b; split; [easy|];
      now rewrite Hab, Eb.
    all: apply existsb_exists in E as (a & Ha & E); apply existsb_exists in E as (b & Hb & E);
      apply andb_true_iff in E as [Hab E]; destruct (in_dec same b l) as [|Hnb]; [easy|];
      assert (Hnd' : NoDup (b :: l)) by (now constructor);
      assert (Hin' : incl (b :: l) all) by (intros y [<-|Hy]; auto);
      pose proof (NoDup_incl_length Hnd' Hin') as Hlen; simpl in Hlen.
    - lia.
    - apply (IH (b :: l)); try easy.
      + simpl. lia.
      + now right.
      + intros y [<-|Hy]; [|auto]. eapply rt_trans; [apply (Hp a Ha)|now apply rt_step]. }
  apply (H (length all) [r]).
  - lia.
  - constructor; [easy|constructor].
  - now intros y [<-|[]].
  - now left.
  - intros y [<-|[]]. apply rt_refl.
Qed.

Theorem there_is_a_last_component (all : list A) : NoDup all -> all <> [] -> exists l,
  l <> [] /\ NoDup l /\ incl l all /\ closed all l /\ forall a b, In a l -> In b l -> path a b.
Proof.
  intros Hall Hne.
  assert (H : forall n l, length l <= n -> l <> [] -> NoDup l -> incl l all -> closed all l ->
      exists l, l <> [] /\ NoDup l /\ incl l all /\ closed all l /\ forall a b, In a l -> In b l -> path a b).
  { induction n as [|n IH]; intros l Hn Hl Hnd Hin Hc.
    - destruct l; [easy|simpl in Hn; lia].
    - assert (Hcase : forall m, incl m l -> (forall a b, In a m -> In b l -> path a b) \/
          exists l', l' <> [] /\ NoDup l' /\ incl l' l /\ closed l l' /\ length l' < length l).
      { induction m as [|r m IHm]; intros Hm; [now left|].
        destruct IHm as [Hpaths|]; [intros y Hy; apply Hm; now right| |now right].
        assert (Hr : In r l) by (apply Hm; now left).
        destruct (what_is_reached l r Hnd Hr) as (l' & Hnd' & Hin' & Hr' & Hp' & Hc').
        destruct (le_lt_dec (length l) (length l')) as [Hle|Hlt].
        - left. intros a b [<-|Ha] Hb; [|auto]. apply Hp'.
          now apply (NoDup_length_incl Hnd' Hle Hin').
        - right. exists l'. repeat split; auto. now intros ->. }
      destruct (Hcase l (incl_refl l)) as [Hp|(l' & Hl' & Hnd' & Hin' & Hc' & Hlt)].
      + exists l. repeat split; auto.
      + apply (IH l'); auto.
        * lia.
        * intros y Hy. auto.
        * intros a b Ha Hb Hab. apply (Hc' a b); auto. apply (Hc a b); auto. }
  apply (H (length all) all); auto using incl_refl. intros a b _ Hb _. easy.
Qed.
End Graph.
