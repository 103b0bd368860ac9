/* Martlet, adaptive Byzantine fault-tolerant replication.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ordering and leader change (docs/PROTOCOL.md, sections 5 and 6) of four replicas, one of them a liar, as far as safety
 * rests on them: votes, locks, write sets, STOPDATA, SYNC and its outcome, the promise, votes in order, the window.
 *
 * Shown, for all runs within the bounds: no two correct replicas decide differently in an instance (`agreement`), and
 * whoever accepts an instance has accepted or decided every earlier one (`order`).
 *
 * Bounds: INSTANCES, REGENCIES, WINDOW; LIAR_LEADS is the regency that the liar leads (0: none of them).
 *
 * How it is told. Only the three correct replicas have a state. What they send stays on its way for ever and reaches
 * anybody at any time or never, so a replica can act on a quorum as soon as two of the three have voted and the liar
 * adds its vote; the liar votes for anything, to anybody, always. A replica may enter a next regency at any time: STOP
 * and timers only make that rarer. All steps belong to one process, and after each step the three replicas are put in
 * order, because nothing tells them apart: that is the symmetry, taken out by hand, and it leaves no two processes whose
 * steps partial-order reduction could leave out.
 *
 * What the liar can do:
 * - vote for every digest to everyone, decide nothing, hold any certificate that two correct ACCEPTs and its own make;
 * - leading a regency, propose either of two batches to each replica (two are enough: a third could be in one write set
 *   only, and so can the second), and send each replica another SYNC, over any quorum of STOPDATA;
 * - give another STOPDATA to each: per instance any lock and any write set. Of its write set only the digest that is to
 *   become bound matters: more digests in it only bind more. Likewise its lock is none or the one to be bound: any other
 *   only keeps S from being sound. So `possible` has all outcomes that it can bring about, and the rest is choice.
 *
 * Left out: requests, their authenticity and batches' bodies; time; checkpoints (the floor comes from proved bases
 * only); weights (all are equal with n = 4); that a correct leader must have entered its regency to lead it; liveness.
 *
 * A rule is taken away by -DM_..., and then a counterexample must exist (scripts/model --mutants):
 * M_QUORUM     a quorum of votes is one voter smaller         M_LOCK     STOPDATA tells of no lock
 * M_CERTIFIED  a lock binds without f+1 write sets            M_HIGHEST  a lock binds though a higher one is told
 * M_SOUND      what is not bound is taken to be free          M_OUTCOME  votes do not keep to SYNC's outcome
 * M_LATE       ACCEPT of the old regency after STOPDATA       M_ORDER    votes do not wait for those for the instance before
 */

#ifndef INSTANCES
#define INSTANCES 2
#endif
#ifndef REGENCIES
#define REGENCIES 2
#endif
#ifndef WINDOW
#define WINDOW 2
#endif
#ifndef LIAR_LEADS
#define LIAR_LEADS 1
#endif

#define CORRECT 3
#define SLOTS (REGENCIES * INSTANCES)
#define SLOT(r, i) (((r) - 1) * INSTANCES + (i))

/* Batches by the regency in which they were born: the leader's, the liar's second one, the empty one. */
#define FIRST(r) (3 * (r) - 2)
#define SECOND(r) (3 * (r) - 1)
#define VOID(r) (3 * (r))
#define BORN(v) (((v) + 2) / 3)

/* What SYNC made of an instance: a digest, or one of these. */
#define FREE 0
#define EMPTY 14
#define BELOW 15

/* So many correct replicas make a quorum together with the liar. */
#ifdef M_QUORUM
#define ENOUGH 1
#else
#define ENOUGH 2
#endif

typedef Replica {
    byte regency;
    byte synced;
    byte decided;           /* the end of its unbroken run */
    byte outcome[INSTANCES]; /* of its present regency */
    byte wrote[SLOTS];
    byte accepted[SLOTS];   /* the lock is the last of them */
#ifdef M_LATE
    byte late[SLOTS];       /* accepted after its STOPDATA was made */
#endif
};

Replica q[CORRECT];
/* What a quorum of ACCEPTs decided. */
byte decision[INSTANCES];
/* A correct leader's one SYNC: whether it is made, and its outcome. */
byte made[REGENCIES];
byte agreed[SLOTS];

/* Scratch, zero between steps. */
byte p, i, r, v, s, k, o, e, top, count, lts, lv, cv, ts, tv, bound, best, x;
byte lockTs[CORRECT], lockV[CORRECT];
short mask[INSTANCES];

/* ---- Votes (section 5) ---- */

/* Step 1 and 2: within the window, in order, and only what the outcome of this regency's SYNC allows. */
#define MAYVOTE(what) (q[p].synced && i < q[p].decided + WINDOW && q[p].outcome[i] != BELOW && ORDERED(what))

#ifdef M_ORDER
#define ORDERED(what) true
#else
#define ORDERED(what) (i == 0 || i <= q[p].decided || q[p].what[SLOT(r, (i == 0 -> 0 : i - 1))] != 0)
#endif

#ifdef M_OUTCOME
#define ALLOWED(v) true
#else
#define ALLOWED(v) \
    ((i >= q[p].decided || decision[i] == v) && \
    (q[p].outcome[i] == v || (q[p].outcome[i] == EMPTY && v == VOID(r)) || \
    (q[p].outcome[i] == FREE && BORN(v) == r && v != VOID(r))))
#endif

#define TALLY(what) \
    count = (q[0].what[SLOT(r, i)] == v) + (q[1].what[SLOT(r, i)] == v) + (q[2].what[SLOT(r, i)] == v)

/* Step 4, and both properties. */
inline noteAccept() {
    TALLY(accepted);
    if
    :: count >= ENOUGH ->
        assert(decision[i] == 0 || decision[i] == v); /* agreement */
        decision[i] = v
    :: else
    fi;
    s = 0;
    do
    :: s < i ->
        top = 0;
        k = 1;
        do
        :: k <= r -> top = (q[p].accepted[SLOT(k, s)] != 0 -> 1 : top); k++
        :: else -> break
        od;
        assert(top || s < q[p].decided); /* order */
        s++
    :: else -> break
    od
}

/* ---- STOPDATA and SYNC (section 6) ---- */

/* What replica k tells of instance i for regency r: since it votes in no older one any more, its votes tell it. */
inline claimOf(k) {
    lockTs[k] = 0;
    lockV[k] = 0;
#ifndef M_LOCK
    s = 1;
    do
    :: s < r ->
        if
#ifdef M_LATE
        :: q[k].accepted[SLOT(s, i)] != 0 && !(q[k].late[SLOT(s, i)] && s + 1 == r) ->
#else
        :: q[k].accepted[SLOT(s, i)] != 0 ->
#endif
            lockTs[k] = s; lockV[k] = q[k].accepted[SLOT(s, i)]
        :: else
        fi;
        s++
    :: else -> break
    od
#endif
}

/* Whether the lock (ts, tv) is quorum-highest and certified in S: the liar and the correct replicas other than o. */
inline judge() {
    count = (lts < ts || (lts == ts && lv == tv));
    k = 0;
    do
    :: k < CORRECT -> count = count + (k != o && (lockTs[k] < ts || (lockTs[k] == ts && lockV[k] == tv))); k++
    :: else -> break
    od;
#ifdef M_HIGHEST
    bound = 1;
#else
    bound = (count >= 3);
#endif
#ifndef M_CERTIFIED
    count = (cv == tv);
    k = 0;
    do
    :: k < CORRECT ->
        s = ts;
        do
        :: s < r && k != o && q[k].wrote[SLOT(s, i)] != tv -> s++
        :: else -> break
        od;
        count = count + (s < r && k != o);
        k++
    :: else -> break
    od;
    bound = bound && count >= 2
#endif
}

/* The outcome of instance i for the liar's lock (lts, lv) and write set {cv}; added to the mask. */
inline settle() {
    best = 0;
    top = 0;
    /* The liar's lock first: where two locks are equal the digests' order decides, and the liar may have the lesser. */
    if
    :: lts > 0 -> ts = lts; tv = lv; judge(); if :: bound -> best = ts; top = tv :: else fi
    :: else
    fi;
    x = 0;
    do
    :: x < CORRECT ->
        if
        :: x != o && lockTs[x] > best -> ts = lockTs[x]; tv = lockV[x]; judge();
            if :: bound -> best = ts; top = tv :: else fi
        :: else
        fi;
        x++
    :: else -> break
    od;
    if
    :: best > 0 -> mask[i] = mask[i] | (1 << top)
    :: else ->
        count = (lts == 0) + (o != 0 && lockTs[0] == 0) + (o != 1 && lockTs[1] == 0) + (o != 2 && lockTs[2] == 0);
#ifdef M_SOUND
        mask[i] = mask[i] | 1
#else
        mask[i] = (count >= 3 -> mask[i] | 1 : mask[i])
#endif
    fi
}

/* All outcomes of instance i that the liar can bring about with S. */
inline possible() {
    claimOf(0);
    claimOf(1);
    claimOf(2);
    mask[i] = 0;
    lts = 0;
    do
    :: lts < r ->
        cv = (lts == 0 -> 0 : 1);
        do
        :: cv <= VOID(r - 1) -> lv = (lts == 0 -> 0 : cv); settle(); cv++
        :: else -> break
        od;
        lts++
    :: else -> break
    od
}

inline forget() {
    p = 0; i = 0; r = 0; v = 0; s = 0; k = 0; o = 0; e = 0; top = 0; count = 0; lts = 0; lv = 0; cv = 0; ts = 0; tv = 0;
    bound = 0; best = 0; x = 0;
    lockTs[0] = 0; lockTs[1] = 0; lockTs[2] = 0; lockV[0] = 0; lockV[1] = 0; lockV[2] = 0;
    i = 0;
    do
    :: i < INSTANCES -> mask[i] = 0; i++
    :: else -> break
    od;
    i = 0
}

/* ---- Symmetry: the replicas in the order of their states ---- */

#define SWAP(field) x = q[s].field; q[s].field = q[s + 1].field; q[s + 1].field = x
#define COMPARE(field) \
    if \
    :: count == 0 && q[s].field != q[s + 1].field -> count = (q[s].field > q[s + 1].field -> 2 : 1) \
    :: else \
    fi

inline sortPair(a) {
    s = a;
    count = 0;
    COMPARE(regency); COMPARE(synced); COMPARE(decided);
    k = 0;
    do
    :: k < INSTANCES && count == 0 -> COMPARE(outcome[k]); k++
    :: else -> break
    od;
    k = 0;
    do
    :: k < SLOTS && count == 0 -> COMPARE(wrote[k]); COMPARE(accepted[k]); k++
    :: else -> break
    od;
    if
    :: count == 2 ->
        SWAP(regency); SWAP(synced); SWAP(decided);
        k = 0;
        do
        :: k < INSTANCES -> SWAP(outcome[k]); k++
        :: else -> break
        od;
        k = 0;
        do
        :: k < SLOTS -> SWAP(wrote[k]); SWAP(accepted[k]);
#ifdef M_LATE
            SWAP(late[k]);
#endif
            k++
        :: else -> break
        od
    :: else
    fi
}

inline tidy() {
    sortPair(0);
    sortPair(1);
    sortPair(0);
    forget()
}

/* ---- Steps ---- */

inline choose(variable, last) {
    variable = 0;
    do
    :: variable < last -> variable++
    :: break
    od;
    skip /* a jump must not lead into a d_step */
}

active proctype group() {
    d_step {
        p = 0;
        do
        :: p < CORRECT -> q[p].regency = 1; q[p].synced = 1; p++
        :: else -> break
        od;
        p = 0
    };
again:
    atomic {
        choose(p, CORRECT - 1);
        r = q[p].regency;
        if
        :: choose(i, INSTANCES - 1);
            if
            /* Step 2: WRITE, once. */
            :: q[p].wrote[SLOT(r, i)] == 0 && MAYVOTE(wrote) ->
                if
                :: v = FIRST(r)
                /* The liar's two batches are alike until one of them is written. */
                :: r == LIAR_LEADS && (q[0].wrote[SLOT(r, i)] == FIRST(r) || q[1].wrote[SLOT(r, i)] == FIRST(r) ||
                        q[2].wrote[SLOT(r, i)] == FIRST(r)) ->
                    v = SECOND(r)
                :: q[p].outcome[i] == EMPTY -> v = VOID(r)
                :: q[p].outcome[i] != EMPTY && q[p].outcome[i] != FREE -> v = q[p].outcome[i]
                fi;
                d_step { if :: ALLOWED(v) -> q[p].wrote[SLOT(r, i)] = v :: else fi; tidy() }
            /* Step 3: lock and ACCEPT, once. */
            :: q[p].accepted[SLOT(r, i)] == 0 && MAYVOTE(accepted) ->
                if
                :: v = q[0].wrote[SLOT(r, i)]
                :: v = q[1].wrote[SLOT(r, i)]
                :: v = q[2].wrote[SLOT(r, i)]
                fi;
                d_step {
                    TALLY(wrote);
                    if
                    :: v != 0 && count >= ENOUGH && ALLOWED(v) ->
                        q[p].accepted[SLOT(r, i)] = v;
                        noteAccept()
                    :: else
                    fi;
                    tidy()
                }
#ifdef M_LATE
            /* A quorum of WRITEs of the last regency comes late. */
            :: r > 1 && q[p].accepted[SLOT(r - 1, i)] == 0 ->
                d_step {
                    r--;
                    v = q[0].wrote[SLOT(r, i)];
                    TALLY(wrote);
                    if
                    :: v != 0 && count >= ENOUGH && q[p].accepted[SLOT(r, i)] == 0 ->
                        q[p].accepted[SLOT(r, i)] = v;
                        q[p].late[SLOT(r, i)] = 1;
                        TALLY(accepted);
                        if
                        :: count >= ENOUGH -> assert(decision[i] == 0 || decision[i] == v); decision[i] = v
                        :: else
                        fi
                    :: else
                    fi;
                    tidy()
                }
#endif
            :: else -> d_step { forget() }
            fi
        /* Step 4: decide the next instance: by ACCEPTs, a certificate, or the word of f+1. */
        :: q[p].decided < INSTANCES && decision[q[p].decided] != 0 -> d_step { q[p].decided++; tidy() }
        /* Section 6, step 2: the promise is made. */
        :: r < REGENCIES ->
            d_step {
                q[p].regency = r + 1;
                q[p].synced = 0;
                i = 0;
                do
                :: i < INSTANCES -> q[p].outcome[i] = 0; i++
                :: else -> break
                od;
                tidy()
            }
        /* Section 6, step 4: SYNC; a correct leader's only one. */
        :: !q[p].synced && r != LIAR_LEADS && made[r - 1] ->
            d_step {
                i = 0;
                do
                :: i < INSTANCES -> q[p].outcome[i] = agreed[SLOT(r, i)]; i++
                :: else -> break
                od;
                q[p].synced = 1;
                tidy()
            }
        :: !q[p].synced && !(r != LIAR_LEADS && made[r - 1]) ->
            /* S is the liar and all correct replicas but o (3: all), who must be in this regency or beyond it. */
            choose(o, CORRECT);
            if
            :: (o == 0 || q[0].regency >= r) && (o == 1 || q[1].regency >= r) && (o == 2 || q[2].regency >= r)
            :: else -> d_step { forget() }; goto again
            fi;
            d_step {
                /* The highest base that a certificate can prove. */
                i = 0;
                do
                :: i < INSTANCES && decision[i] != 0 -> i++
                :: else -> break
                od;
                count = i
            };
            choose(e, count);
            d_step {
                i = (e > WINDOW -> e - WINDOW : 0);
                do
                :: i < INSTANCES -> possible(); i++
                :: else -> break
                od;
                i = (e > WINDOW -> e - WINDOW : 0);
                s = i
            };
            /* One of the outcomes for each instance; none means that S is not sound. */
            do
            :: i < INSTANCES ->
                choose(v, VOID(r - 1));
                if
                :: mask[i] & (1 << v) -> q[p].outcome[i] = v; i++
                :: else -> break
                fi
            :: else -> break
            od;
            skip;
            d_step {
                if
                :: i < INSTANCES -> /* Not sound, or not possible: nothing happens. */
                    i = 0;
                    do
                    :: i < INSTANCES -> q[p].outcome[i] = 0; i++
                    :: else -> break
                    od
                :: else ->
                    q[p].synced = 1;
                    top = 0;
                    do
                    :: i > s ->
                        i--;
                        if
                        :: q[p].outcome[i] != FREE -> top = 1
                        :: else -> q[p].outcome[i] = (top -> EMPTY : FREE)
                        fi
                    :: else -> break
                    od;
                    i = 0;
                    do
                    :: i < s -> q[p].outcome[i] = BELOW; i++
                    :: else -> break
                    od;
                    if
                    :: r != LIAR_LEADS ->
                        made[r - 1] = 1;
                        i = 0;
                        do
                        :: i < INSTANCES -> agreed[SLOT(r, i)] = q[p].outcome[i]; i++
                        :: else -> break
                        od
                    :: else
                    fi
                fi;
                tidy()
            }
        :: else -> d_step { forget() }
        fi
    };
    goto again
}
