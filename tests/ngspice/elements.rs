//! Elements and sources that no deck of `netlists/` shows, in small decks, with the same tolerances.

/// A deck in one string; `slack` as in the settings, for waveforms that jump.
pub struct Small {
    pub name: &'static str,
    pub text: &'static str,
    pub slack: f64,
}

const fn smooth(name: &'static str, text: &'static str) -> Small {
    Small { name, text, slack: 0.0 }
}

pub const SMALL: [Small; 13] = [
    smooth(
        "transformer",
        "coupled inductors\nV1 in 0 SIN(0 1 1meg)\nR1 in a 50\nL1 a 0 10u\nL2 b 0 40u\nK1 L1 L2 0.9\nR2 b 0 1k\nC2 b 0 20p\n\
         .tran 5n 4u\n.end\n",
    ),
    smooth(
        "linear_controlled",
        "E F G H\nV1 in 0 SIN(0.2 1 1k)\nR1 in 0 1k\nE1 e 0 in 0 2.5\nRe e em 100\nVe em 0 0\nG1 0 g in 0 2m\nRg g 0 500\n\
         Cg g 0 1u\nF1 0 f Ve 3\nRf f 0 10\nH1 h 0 Ve 200\nRh h 0 1k\n.tran 10u 3m\n.end\n",
    ),
    smooth(
        "polynomial_controlled",
        "POLY and TABLE\nV1 a 0 SIN(0 1 1k)\nV2 b 0 SIN(0 1 1.5k)\nRa a 0 1k\nRb b b2 1k\nVb b2 0 0\n\
         E1 e 0 POLY(2) a 0 b 0 0.1 1 2 0.5 0.25 0.125\nRe e 0 1k\nG1 0 g POLY(1) a 0 0 1m 0 0.5m\nRg g 0 1k\n\
         F1 0 f POLY(1) Vb 0 1 100\nRf f 0 1k\nH1 h 0 POLY(1) Vb 0.1 1k 2e5\nRh h 0 1k\n\
         E2 t 0 TABLE {v(a)} = (-0.8, -1) (-0.2, 0.3) (0.4, 0.3) (0.9, 2)\nRt t 0 1k\nB1 u 0 V=table(v(b),-0.5,0,0.5,1)\nRu u 0 1k\n.tran 5u 2m\n.end\n",
    ),
    smooth(
        "behavioural",
        "B sources\nV1 a 0 SIN(0.1 1 1k)\nRa a a2 100\nVa a2 0 0\n\
         B1 b 0 V=exp(-v(a)*v(a))+0.5*tanh(3*v(a))\nRb b 0 1k\nB2 0 c I=1m*v(a)*v(b)+0.1*i(Va)\nRc c 0 1k\nCc c 0 50n\n\
         B3 d 0 V=atan(v(c))+abs(v(a))*tanh(v(b)-0.2)\nRd d 0 1k\nE1 e 0 VALUE={max(v(a),0)*sqrt(1+v(b)*v(b))}\nRe e 0 1k\n\
         B4 f 0 V=pow(abs(v(a)),1.5)+min(v(b),0.4)+0.1*max(v(a)-0.3,0)\nRf f 0 1k\n.tran 5u 2m\n.end\n",
    ),
    smooth(
        "remainder",
        "remainders of either sign\nV1 a 0 0\nRa a 0 1k\nB1 b 0 V=v(a)%0.7\nRb b 0 1k\n\
         B2 c 0 V=fmod(v(a),-0.4)\nRc c 0 1k\n.dc V1 -2.0017 2 0.013\n.end\n",
    ),
    smooth(
        "derivative",
        "ddt\nV1 a 0 SIN(0 1 250 0 0 90)\nRa a 0 1k\nB1 b 0 V=1e-4*ddt(v(a))\nRb b 0 1k\n.tran 1u 2m\n.end\n",
    ),
    Small {
        name: "switches",
        text: "S and W with hysteresis\nV1 a 0 SIN(0 1 1k)\nRa a a2 100\nVa a2 0 0\nVdd d 0 1\nRs d s 1k\nS1 s 0 a 0 sm\nRw d w 1k\n\
         W1 w 0 Va wm\n.model sm SW(vt=0.2 vh=0.3 ron=10 roff=1meg)\n.model wm CSW(it=2m ih=1m ron=10 roff=1meg)\n\
         .tran 1u 3m\n.end\n",
        slack: 1e-3,
    },
    smooth(
        "rectifier",
        "diode with series resistance and charge\nV1 in 0 SIN(0 5 100k)\nR1 in a 100\nD1 a out dm\nC1 out 0 10n\nR2 out 0 5k\n\
         .model dm D(is=1e-12 n=1.2 rs=3 cjo=20p vj=0.8 m=0.4 tt=5n)\n.tran 50n 40u\n.end\n",
    ),
    smooth(
        "sources",
        "waveforms\nVp p 0 PWL(0 0 1m 1 2m -1 3m 0.5)\nRp p 0 1k\nVe e 0 EXP(0.1 1 0.2m 0.3m 1.5m 0.2m)\nRe e 0 1k\n\
         Vf f 0 SFFM(0.1 1 5k 3 500)\nRf f 0 1k\nVs s 0 SIN(0.5 1 1k 0.3m 500 45)\nRs s 0 1k\n\
         Iu 0 u PULSE(0 1m 0.2m 0.1m 0.05m 0.4m 1m)\nRu u 0 1k\n.tran 1u 3m\n.end\n",
    ),
    smooth(
        "nmos_output",
        "id-vds of an n channel, both directions, with bulk voltage\nVd d 0 1\nVb b 0 -0.7\nVg1 g1 0 0.9\nVg2 g2 0 1.5\nVg3 g3 0 2.5\nVg4 g4 0 -2\n\
         V1 d d1 0\nV2 d d2 0\nV3 d d3 0\nV4 d d4 0\nM1 d1 g1 0 b nm W=2u L=1u\nM2 d2 g2 0 b nm W=2u L=1u\nM3 d3 g3 0 0 nm W=10u L=1u m=2\nM4 d4 g4 0 b nm W=2u L=1u\n\
         .model nm NMOS(level=1 vto=0.7 kp=110u gamma=0.4 lambda=0.04 phi=0.7 ld=0.05u js=1e-3 is=2e-15)\n.dc Vd -0.5 3 0.05\n.end\n",
    ),
    smooth(
        "nmos_transfer",
        "id-vgs of an n channel, forward bulk voltage, hot\nVg g 0 1\nVd d 0 0.2\nVd2 e 0 3\nVb f 0 0.3\nM1 d g 0 0 nm W=2u L=1u\nM2 e g 0 f nm W=2u L=1u\n\
         .model nm NMOS(vto=0.7 kp=110u gamma=0.4 lambda=0.04 phi=0.7)\n.options temp=85\n.dc Vg -0.5 3 0.05\n.end\n",
    ),
    smooth(
        "pmos_curves",
        "p channel: id-vds and id-vgs, cold\nVdd s 0 3\nVd d 0 1\nVg1 g1 0 1.7\nVg2 g2 0 0.4\nVw w 0 3.5\nV1 d d1 0\nV2 d d2 0\nV3 d d3 0\n\
         M1 d1 g1 s w pm W=4u L=1u\nM2 d2 g2 s w pm W=4u L=1u\nM3 d3 d3 s s pm W=4u L=1u\n\
         .model pm PMOS(vto=-0.8 kp=40u gamma=0.5 lambda=0.06 phi=0.65 tox=20n)\n.options temp=-20\n.dc Vd 0 3.4 0.05\n.end\n",
    ),
    smooth(
        "cmos_inverter",
        "overlap and junction charges\nVdd vdd 0 3\nVin in 0 SIN(1.5 1.5 50meg 0 0 90)\nMn out in 0 0 nm W=2u L=1u AD=4p AS=4p PD=6u PS=6u\nMp out in vdd vdd pm W=5u L=1u\n\
         R1 out 0 1meg\nC1 out 0 20f\n.model nm NMOS(vto=0.7 kp=110u gamma=0.4 lambda=0.04 cgso=0.3n cgdo=0.3n cgbo=0.2n cj=0.4m mj=0.45 cjsw=0.3n mjsw=0.3 pb=0.9)\n\
         .model pm PMOS(vto=-0.8 kp=40u gamma=0.5 lambda=0.06 cgso=0.3n cgdo=0.3n cbd=8f cbs=9f)\n.tran 50p 40n\n.end\n",
    ),
];
