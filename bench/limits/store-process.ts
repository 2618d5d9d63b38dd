import { answerCalls } from '../system/calls.ts'
import { measureAtStore } from './at-store.ts'

answerCalls({ measure: measureAtStore })
